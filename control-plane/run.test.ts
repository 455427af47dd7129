import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

test("runControlPlane() says once what is wrong with a file", async () => {
  mkdirSync(join(folder, "mesh"));
  writeFileSync(
    join(folder, "mesh", "bad.yaml"),
    "{apiVersion: networking.istio.io/v1, kind: VirtualService, spec: {}}",
  );
  const folders = ["--config-dir", join(folder, "mesh"), "--state-dir", join(folder, "state")];
  const config = parseConfig([...folders, "--webhook=127.0.0.1:0", "--xds=127.0.0.1:0"]);
  const stop = new AbortController();
  const lines: string[] = [];
  const write = (line: string): void => {
    lines.push(line);
    if (line.includes("control plane serves")) stop.abort();
  };
  await runControlPlane(config, { logTo: { write } }, stop.signal);
  expect(lines.filter((line) => line.includes("bad.yaml"))).toHaveLength(1);
});
