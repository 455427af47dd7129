import { expect, test } from "vitest";
import { meshKinds } from "../api/kinds.ts";
import { warmUp } from "./reviewer.ts";

/** CPU-milliseconds of one round, with the rests that others had. */
async function round(): Promise<{ readonly ms: number; readonly rests: number }> {
  let rests = 0;
  const before = process.cpuUsage();
  await warmUp(async () => {
    rests += 1;
  });
  const { user, system } = process.cpuUsage(before);
  return { ms: (user + system) / 1000, rests };
}

test("warmUp() compiles what the first object of each kind would wait for, with a rest after each", async () => {
  const cold = await round();
  const warm = await round();
  expect(cold.rests).toBe(meshKinds.length);
  // It is a hundredth; other work of the process may fall into either.
  expect(warm.ms).toBeLessThan(cold.ms / 3);
});
