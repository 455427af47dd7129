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
  const missing = join(folder, "no-such-kubeconfig");
  const flags = ["--monitoring=127.0.0.1:0", "--webhook=127.0.0.1:0", "--xds=127.0.0.1:0"];
  const config = parseConfig([`--kubeconfig=${missing}`, `--termination-log=${terminationLog}`, ...flags]);
  return runControlPlane(config, output, new AbortController().signal);
}

test("runControlPlane() leaves the reason of its end to the kubelet", async () => {
  const file = join(folder, "termination-log");
  await expect(run(file)).rejects.toThrow(/^KUBECONFIG: /);
  expect(readFileSync(file, "utf8")).toMatch(/^KUBECONFIG: the kubeconfig file ".*" cannot be read: [^\n]+$/);
});

test("runControlPlane() ends for the same reason where that file cannot be written", async () => {
  await expect(run(join(folder, "no", "such", "folder"))).rejects.toThrow(/^KUBECONFIG: /);
});
