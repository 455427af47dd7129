import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { sandbox } from "./sandbox.ts";

test("sandbox logs refuses a --tail that is no number, before it looks for a demo", async () => {
  const io = { out: new PassThrough(), err: new PassThrough(), signal: new AbortController().signal };
  await expect(sandbox.run(["logs", "web", "--tail", "all"], io)).rejects.toThrow(/^USAGE: --tail "all" /);
});
