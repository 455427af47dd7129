import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { runControlPlane } from "./run.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pillion-run-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const output = { logTo: { write: () => {} } };

/** A control plane that cannot begin. */
function run(terminationLog: string): Promise<void> {
  const flags = ["--monitoring=127.0.0.1:0", `--values=${join(folder, "no-such-values")}`];
  const config = parseConfig(["--in-cluster", `--termination-log=${terminationLog}`, ...flags]);
  return runControlPlane(config, output, new AbortController().signal);
}

test("runControlPlane() leaves the reason of its end to the kubelet", async () => {
  const file = join(folder, "termination-log");
  await expect(run(file)).rejects.toThrow(/^VALUES: /);
  expect(readFileSync(file, "utf8")).toMatch(/^VALUES: [^\n]*no-such-values[^\n]+$/);
});

test("runControlPlane() ends for the same reason where that file cannot be written", async () => {
  await expect(run(join(folder, "no", "such", "folder"))).rejects.toThrow(/^VALUES: /);
});
