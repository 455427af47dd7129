import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { claimRunDirectory, liveRuns, releaseRunDirectory, sweepRuns } from "./run-directory.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pillion-runs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A run of a process that has ended. */
function deadRun(name: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, "logs"), { recursive: true });
  const { pid } = spawnSync("true");
  writeFileSync(join(path, "run.json"), JSON.stringify({ pid, startTime: "1" }));
  return path;
}

test("claimRunDirectory() takes a new folder, and releaseRunDirectory() removes it", () => {
  const path = join(folder, "pillion-a");
  claimRunDirectory(path);
  expect(liveRuns(folder)).toEqual([path]);
  releaseRunDirectory(path);
  expect(existsSync(path)).toBe(false);
});

test("releaseRunDirectory() keeps what is not its own", () => {
  const path = join(folder, "pillion-a");
  claimRunDirectory(path);
  writeFileSync(join(path, "mine"), "");
  releaseRunDirectory(path);
  expect(readdirSync(path)).toEqual(["mine"]);
});

test("claimRunDirectory() takes over from a process that is gone, and not from one that lives", () => {
  const path = deadRun("pillion-a");
  claimRunDirectory(path);
  expect(() => claimRunDirectory(path)).toThrow(
    `RUN_DIRECTORY: The run directory ${path} is in use by process ${process.pid}`,
  );
});

test("claimRunDirectory() refuses a path that sockets cannot have", () => {
  expect(() => claimRunDirectory(join(folder, "x".repeat(100)))).toThrow("RUN_DIRECTORY: ");
});

test("sweepRuns() removes dead runs only", () => {
  const dead = deadRun("pillion-dead");
  const alive = join(folder, "pillion-alive");
  claimRunDirectory(alive);
  mkdirSync(join(folder, "pillion-other"));
  expect(sweepRuns(folder)).toEqual([dead]);
  expect(readdirSync(folder).sort()).toEqual(["pillion-alive", "pillion-other"]);
});
