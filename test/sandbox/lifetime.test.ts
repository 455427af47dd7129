// Nothing of a node outlives it, however it ends.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { container, TestNode } from "./node-harness.ts";

const begun: { readonly child: ChildProcess; readonly directory: string }[] = [];
afterEach(() => {
  for (const { child, directory } of begun.splice(0)) {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
});

/** How many processes of this machine have `text` among their arguments. */
function processesWith(text: string): number {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter((pid) => {
    try {
      return readFileSync(join("/proc", pid, "cmdline"), "utf8").includes(text);
    } catch {
      return false; // It has ended since.
    }
  }).length;
}

/** A process with a node whose pod sleeps for this long, a number that nobody else uses. */
async function startOutliving(seconds: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("outliving.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program, seconds], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [directory] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  begun.push({ child, directory });
  return child;
}

test("stop() leaves no process, mount or namespace", async () => {
  const mounts = () => readFileSync("/proc/self/mounts", "utf8").match(/^.*(pillion|netns\/p\d+ ).*$/gm) ?? [];
  const before = mounts();
  const node = await TestNode.start();
  await node.run("pod", [container("pod", { argv: ["/bin/sleep", "7654321"] })]);
  await node.untilReady("pod");
  expect(processesWith("7654321")).toBe(1);
  expect(mounts()).toEqual(before);
  await node.stop();
  expect(processesWith("7654321")).toBe(0);
  expect(processesWith(node.directory)).toBe(0);
});

test.each(["SIGKILL", "SIGTERM"] as const)("%s to its parent leaves no process", async (signal) => {
  const seconds = signal === "SIGKILL" ? "8654321" : "9654321";
  const child = await startOutliving(seconds);
  expect(processesWith(seconds)).toBeGreaterThan(0);
  child.kill(signal);
  await once(child, "exit");
  await expect.poll(() => processesWith(seconds), { timeout: 5_000 }).toBe(0);
});

test("failed tells when a node ends that nobody stopped", async () => {
  const node = await TestNode.start();
  await node.run("pod", [container("pod")]);
  await node.untilReady("pod");
  const answer = node.exec("pod", "pod", ["/bin/sleep", "infinity"]);
  const [pid] = readdirSync("/proc").filter((name) => {
    return (
      /^\d+$/.test(name) && name !== String(process.pid) && cmdline(name).includes(`"runDirectory":"${node.directory}"`)
    );
  });
  process.kill(Number(pid), "SIGKILL");
  await expect(node.client.failed).rejects.toThrow("SANDBOX_NODE: The node ended");
  await expect(answer).rejects.toThrow("SANDBOX_NODE");
  await node.stop();
});

function cmdline(pid: string): string {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8");
  } catch {
    return ""; // It has ended since.
  }
}
