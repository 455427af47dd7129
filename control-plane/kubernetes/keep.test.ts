import { expect, test } from "vitest";
import { keep, untilItWorks } from "./keep.ts";

/** Remembers what was logged. */
function recorder() {
  const lines: string[] = [];
  const write = (_fields: object, message: string): void => void lines.push(message);
  return { lines, log: { info: write, warn: write } as never };
}

test("untilItWorks() tries again, says so, and gives the result", async () => {
  const { lines, log } = recorder();
  const outcomes: (string | undefined)[] = [];
  let calls = 0;
  const task = async () => {
    calls += 1;
    if (calls === 1) throw new Error("API server away");
    return { calls };
  };
  const onOutcome = (problem: string | undefined): void => void outcomes.push(problem);
  const result = await untilItWorks("it", task, { log, onOutcome }, new AbortController().signal);
  expect(result).toEqual({ calls: 2 });
  expect(outcomes).toEqual(["API server away", undefined]);
  expect(lines).toEqual(["not in order; it is tried again", "in order"]);
});

test("untilItWorks() gives up when it is told to", async () => {
  const stop = new AbortController();
  const task = async (): Promise<object> => {
    stop.abort();
    throw new Error("never");
  };
  expect(await untilItWorks("it", task, recorder(), stop.signal)).toBeUndefined();
});

test("keep() does it again when it is poked, also while it is at it", async () => {
  const stop = new AbortController();
  let calls = 0;
  const kept = keep(
    {
      name: "it",
      log: recorder().log,
      everyMs: 60_000,
      task: async () => {
        calls += 1;
        if (calls < 3) queueMicrotask(() => kept.poke());
        else stop.abort();
      },
    },
    stop.signal,
  );
  await kept.done;
  expect(calls).toBe(3);
});

test("keep() stays quiet as long as its patience lasts", async () => {
  const stop = new AbortController();
  const { lines, log } = recorder();
  let calls = 0;
  const task = async (): Promise<void> => {
    calls += 1;
    if (calls === 2) stop.abort();
    else throw new Error("not yet");
  };
  await keep({ name: "it", log, everyMs: 60_000, patience: 1, task }, stop.signal).done;
  expect(lines).toEqual(["in order"]);
});

test("keep() writes one line for a trouble that lasts", async () => {
  const stop = new AbortController();
  const { lines, log } = recorder();
  const troubles = ["port 4711 is closed", "port 4712 is closed"];
  const task = async (): Promise<void> => {
    const trouble = troubles.shift();
    if (trouble !== undefined) throw new Error(trouble);
    stop.abort();
  };
  const told: (string | undefined)[] = [];
  const onOutcome = (problem: string | undefined): void => void told.push(problem);
  await keep({ name: "it", log, everyMs: 60_000, onOutcome, task }, stop.signal).done;
  expect(told).toEqual(["port 4711 is closed", "port 4712 is closed", undefined]);
  expect(lines).toEqual(["not in order; it is tried again", "in order"]);
});

test("keep() ends at once when it is told to while it waits", async () => {
  const stop = new AbortController();
  const task = async (): Promise<void> => void setImmediate(() => stop.abort());
  await keep({ name: "it", log: recorder().log, everyMs: 3_600_000, task }, stop.signal).done;
});
