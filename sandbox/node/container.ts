// One process of a container: how it is entered (network, mounts, user, rights), started, asked and ended.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { assert } from "../../base/assert.ts";
import type { ContainerPlan, ExecResult } from "../node-protocol.ts";
import { execFolder } from "./mounts.ts";
import { namespaceOf } from "./network.ts";
import { programPath } from "./programs.ts";

/** How a process ended; shells' 128 + signal when a signal ended it. */
export interface Exit {
  readonly code: number;
}

export interface RunningContainer {
  readonly pid: number;
  /** It has its mounts, and is about to become its program. */
  readonly entered: Promise<void>;
  readonly exited: Promise<Exit>;
  /** To every process of the container. */
  signal(name: NodeJS.Signals): void;
}

/** Output of exec that is kept; more is cut off. */
const maximumExecBytes = 16 * 2 ** 20;

/**
 * Runs in the pod's network with fresh mounts: lets everybody use low ports, as container runtimes do, mounts what the
 * fstab ($2) says by $1, goes to the working directory ($3), and becomes the container. The end of stream 3 tells that it does.
 */
const entry = `echo 0 2>/dev/null >/proc/sys/net/ipv4/ip_unprivileged_port_start
"$1" --all --fstab "$2" || exit 126
cd "$3" || exit 126
shift 3
exec "$@" 3>&-`;

/** Start the container's process; its output goes to its log file. */
export function startContainer(plan: ContainerPlan, number: number, fstab: string): RunningContainer {
  const log = openSync(plan.logFile, "a");
  // The process may open its own output again by /dev/stdout, as another user than the one who made the file.
  chmodSync(plan.logFile, 0o666);
  const inside = [programPath("sh"), "-c", entry, "sh", programPath("mount"), fstab, plan.workingDir];
  const child = spawn(
    programPath("nsenter"),
    [
      `--net=/run/netns/${namespaceOf(number)}`,
      ...["--", programPath("unshare"), "--mount", "--propagation", "private", "--"],
      ...inside,
      ...becoming(plan),
      ...plan.argv,
    ],
    { env: plan.env, stdio: ["ignore", log, log, "pipe"], detached: true },
  );
  closeSync(log);
  const ended = child.stdio[3];
  const entered = new Promise<void>((resolve) => {
    ended?.once("close", () => resolve());
    if (ended instanceof Readable) ended.resume();
  });
  return { ...running(child), entered };
}

/**
 * Run another program in a running container, to its end or until the time is over. Its streams are files, because programs
 * open /dev/stdout and /dev/stdin by name, which works for files and not for the sockets that Node calls pipes.
 */
export async function execIn(
  plan: ContainerPlan,
  pid: number,
  request: { readonly argv: readonly string[]; readonly stdin: string; readonly timeoutMs: number },
): Promise<ExecResult> {
  const folder = mkdtempSync(join(execFolder, "run-"));
  chmodSync(folder, 0o755);
  const [stdin, stdout, stderr] = ["stdin", "stdout", "stderr"].map((name) => join(folder, name));
  assert(stdin !== undefined && stdout !== undefined && stderr !== undefined, "exec has three streams");
  writeFileSync(stdin, request.stdin, { mode: 0o644 });
  for (const path of [stdout, stderr]) {
    writeFileSync(path, "");
    chmodSync(path, 0o666);
  }
  const files = [openSync(stdin, "r"), openSync(stdout, "a"), openSync(stderr, "a")];
  const child = spawn(
    programPath("nsenter"),
    [`--target=${pid}`, "--net", "--mount", `--wd=${plan.workingDir}`, "--", ...becoming(plan), ...request.argv],
    { env: plan.env, stdio: files, detached: true },
  );
  for (const file of files) closeSync(file);
  const process = running(child);
  const timer = setTimeout(() => process.signal("SIGKILL"), request.timeoutMs);
  const { code } = await process.exited;
  clearTimeout(timer);
  const result = { stdout: readStart(stdout), stderr: readStart(stderr), code };
  rmSync(folder, { recursive: true });
  return result;
}

/** The words of setpriv that make root into the container's user. */
function becoming(plan: ContainerPlan): readonly string[] {
  const rights =
    plan.capabilities === "all"
      ? []
      : [`--bounding-set=${["-all", ...plan.capabilities.map((name) => `+${name}`)].join(",")}`];
  const user = [`--reuid=${plan.user}`, `--regid=${plan.group}`, "--clear-groups", "--inh-caps=-all"];
  return [programPath("setpriv"), ...user, ...rights, "--"];
}

function running(child: ChildProcess): Omit<RunningContainer, "entered"> {
  const pid = child.pid ?? 0;
  const signal = (name: NodeJS.Signals): void => {
    if (pid > 0) signalGroup(pid, name);
  };
  const exited = new Promise<Exit>((resolve) => {
    child.once("error", () => resolve({ code: 127 }));
    child.once("exit", (code, name) => {
      // What the main process started ends with it, as in a container.
      signal("SIGKILL");
      resolve({ code: code ?? 128 + (name === null ? 0 : constants.signals[name]) });
    });
  });
  return { pid, exited, signal };
}

/** Signal a process group; one that is gone already needs none. */
function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function readStart(path: string): string {
  return readFileSync(path).subarray(0, maximumExecBytes).toString("utf8");
}
