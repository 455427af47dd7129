// The door as a process: what only a process has, signals and pipes.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Other tests keep the machine busy: a process that takes a second by itself may take several. */
const processLimitMs = 30_000;

let child: ChildProcess;
afterEach(() => child.kill("SIGKILL"));

function start(...args: readonly string[]): void {
  child = spawn(process.execPath, ["--import", "tsx", "cli/main.ts", ...args], { cwd: root, stdio: "pipe" });
}

/** What it wrote to standard error, and how it ended. */
async function end(): Promise<{ readonly code: number | null; readonly complaint: string }> {
  if (child.stderr === null) throw new Error("standard error is piped");
  const [complaint] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code: child.exitCode, complaint };
}

test("pillion ends quietly when its reader has seen enough", { timeout: processLimitMs }, async () => {
  start("kube-inject", "-f", "samples/bookinfo/bookinfo.yaml");
  child.stdout?.destroy();
  expect(await end()).toEqual({ code: 0, complaint: "" });
});

test("pillion leaves what stands behind -- to the other program", { timeout: processLimitMs }, async () => {
  start("sandbox", "exec", "deploy/curl", "--run", "/no/such/run", "--", "curl", "--help");
  const { code, complaint } = await end();
  expect({ code, usage: complaint.includes("Usage:") }).toEqual({ code: 2, usage: false });
});

test("pillion that waits for what is piped in ends when it is interrupted", { timeout: processLimitMs }, async () => {
  start("kube-inject", "--values", "-", "-f", "samples/bookinfo/bookinfo.yaml");
  // It reads what it is sent before it is asked to end.
  await new Promise<void>((resolve) => {
    child.stdin?.write("# nothing yet\n".repeat(100_000), () => resolve());
  });
  child.kill("SIGINT");
  const { code, complaint } = await end();
  expect(code).toBe(2);
  expect(complaint).toContain("INTERRUPTED");
});
