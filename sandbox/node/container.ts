// One process of a container: how it is entered (network, mounts, user, rights), started, asked and ended.
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { ContainerPlan, ExecResult } from "../node-protocol.ts";
import { namespaceOf } from "./network.ts";
import { programPath } from "./programs.ts";

/** How a process ended; shells' 128 + signal when a signal ended it. */
export interface Exit {
  readonly code: number;
}

export interface RunningContainer {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** To every process of the container. */
  signal(name: NodeJS.Signals): void;
}

/** Output of exec that is kept; more is cut off. */
const maximumExecBytes = 16 * 2 ** 20;

/**
 * Runs in the pod's network with fresh mounts: lets everybody use low ports, as container runtimes do, mounts what the
 * fstab ($2) says by $1, goes to the working directory ($3), and becomes the container.
 */
const entry = `echo 0 2>/dev/null >/proc/sys/net/ipv4/ip_unprivileged_port_start
"$1" --all --fstab "$2" || exit 126
cd "$3" || exit 126
shift 3
exec "$@"`;

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
    { env: plan.env, stdio: ["ignore", log, log], detached: true },
  );
  closeSync(log);
  return running(child);
}

/** Run another program in a running container, to its end or until the time is over. */
export async function execIn(
  plan: ContainerPlan,
  pid: number,
  request: { readonly argv: readonly string[]; readonly stdin: string; readonly timeoutMs: number },
): Promise<ExecResult> {
  const child = spawn(
    programPath("nsenter"),
    [`--target=${pid}`, "--net", "--mount", `--wd=${plan.workingDir}`, "--", ...becoming(plan), ...request.argv],
    { env: plan.env, stdio: ["pipe", "pipe", "pipe"], detached: true },
  );
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  child.stdin.on("error", () => undefined); // The program may end without reading what it was given.
  child.stdin.end(request.stdin);
  const process = running(child);
  const timer = setTimeout(() => process.signal("SIGKILL"), request.timeoutMs);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const { code } = await process.exited;
  clearTimeout(timer);
  await closed;
  return { stdout: stdout(), stderr: stderr(), code };
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

function running(child: ChildProcess): RunningContainer {
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

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < maximumExecBytes) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
