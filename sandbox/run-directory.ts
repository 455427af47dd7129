// The folder of one run: sockets, logs, volumes, and whose it is. Namespaces and mounts end with their processes, so this
// folder is all that a run that was killed can leave, and the next one sweeps it away.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PillionError } from "../base/error.ts";
import { isRecord } from "./objects.ts";

/** Run directories in the system's folder for temporary files begin so. */
export const runPrefix = "pillion-";
/** Unix sockets have names of at most 107 bytes. */
const maximumPathBytes = 90;

/**
 * Make the folder and say that this process owns it.
 * @throws {PillionError} RUN_DIRECTORY when it is in use, or its path too long for sockets.
 */
export function claimRunDirectory(path: string): void {
  if (Buffer.byteLength(path) > maximumPathBytes) {
    throw new PillionError("RUN_DIRECTORY", {
      problem: `The run directory ${path} has a longer path than sockets can have`,
      fix: `Choose one of at most ${maximumPathBytes} bytes, such as ${join("/tmp", `${runPrefix}demo`)}`,
    });
  }
  const owner = ownerOf(path);
  if (owner !== undefined && isAlive(owner)) {
    throw new PillionError("RUN_DIRECTORY", {
      problem: `The run directory ${path} is in use by process ${owner.pid}`,
      fix: "End that process, or choose another directory",
    });
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  for (const folder of ["logs", "pods"]) {
    rmSync(join(path, folder), { recursive: true, force: true });
    mkdirSync(join(path, folder), { mode: 0o755 });
  }
  for (const socket of ["host.sock", "node.sock", "control.sock"]) rmSync(join(path, socket), { force: true });
  const self: Owner = { pid: process.pid, startTime: startTimeOf(process.pid) ?? "" };
  writeFileSync(join(path, "run.json"), JSON.stringify(self));
}

/** Remove what a run left, but nothing that its owner put there besides. */
export function releaseRunDirectory(path: string): void {
  const own = ["logs", "pods", "stage", "host.sock", "node.sock", "control.sock", "node.log", "run.json"];
  for (const name of own) rmSync(join(path, name), { recursive: true, force: true });
  if (existsSync(path) && readdirSync(path).length === 0) rmSync(path, { recursive: true });
}

/** Remove the folders of runs whose process is gone; gives their paths. */
export function sweepRuns(folder = tmpdir()): readonly string[] {
  const dead = runsIn(folder).filter((path) => {
    const owner = ownerOf(path);
    return owner !== undefined && !isAlive(owner);
  });
  for (const path of dead) rmSync(path, { recursive: true, force: true });
  return dead;
}

/** Folders of runs that are alive, the youngest process first. */
export function liveRuns(folder = tmpdir()): readonly string[] {
  const runs = runsIn(folder).flatMap((path) => {
    const owner = ownerOf(path);
    return owner !== undefined && isAlive(owner) ? [{ path, started: Number(owner.startTime) }] : [];
  });
  return runs.sort((a, b) => b.started - a.started).map(({ path }) => path);
}

interface Owner {
  readonly pid: number;
  /** In the kernel's ticks since boot: a number that is used again has another. */
  readonly startTime: string;
}

function runsIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(runPrefix))
    .map((name) => join(folder, name));
}

function ownerOf(path: string): Owner | undefined {
  const text = readIfThere(join(path, "run.json"));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isRecord(value) || typeof value["pid"] !== "number" || typeof value["startTime"] !== "string") return undefined;
  return { pid: value["pid"], startTime: value["startTime"] };
}

function isAlive(owner: Owner): boolean {
  return startTimeOf(owner.pid) === owner.startTime;
}

/** Field 22 of /proc/PID/stat; the name before it may hold spaces, so count from its closing bracket. */
function startTimeOf(pid: number): string | undefined {
  return readIfThere(`/proc/${pid}/stat`)?.split(") ").at(-1)?.split(" ")[19];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && ["ENOENT", "ENOTDIR", "ESRCH"].includes(String(error.code)))
      return undefined;
    throw error;
  }
}
