// The outside end of the node: starts it in its namespaces, asks it, hears its reports, ends it.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { assert } from "../base/assert.ts";
import { PillionError } from "../base/error.ts";
import { programPath } from "./node/programs.ts";
import type { NodeConfig, NodeMessage, NodeMethod, NodeMethods, PodReport } from "./node-protocol.ts";

/** The kernel needs a moment to end many processes; after this long the node is killed without being asked. */
const endTimeoutMs = 5_000;

export interface NodeClient {
  ask<M extends NodeMethod>(method: M, params: Parameters<NodeMethods[M]>[0]): Promise<ReturnType<NodeMethods[M]>>;
  /** Rejects when the node ends although nobody asked it to. */
  readonly failed: Promise<never>;
  /** Ends the node and everything in its namespaces; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/**
 * Start the node; `onPod` hears each report.
 * @throws {PillionError} SANDBOX_NODE when it cannot start: no root, no right to make namespaces.
 */
export async function startNode(config: NodeConfig, onPod: (report: PodReport) => void): Promise<NodeClient> {
  const logFile = join(config.runDirectory, "node.log");
  const { child, stdin, stdout } = launch(config, logFile);
  const waiting = new Map<number, Waiting>();
  let nextId = 1;
  let stopping = false;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const ready = deferred<void>();
  const failed = deferred<never>();
  failed.promise.catch(() => undefined); // Whoever wants to know awaits it; nobody has to.
  createInterface({ input: stdout }).on("line", (line) => {
    // The node is our own program, of the same version.
    const message = JSON.parse(line) as NodeMessage;
    if (message.type === "pod") onPod(message.report);
    else if (message.type === "ready") ready.resolve();
    else if (message.type === "failure" && message.id === 0) ready.reject(nodeError(message));
    else settle(waiting, message);
  });
  void exited.then(() => {
    const error = nodeError({
      problem: `The node ended: ${lastLine(logFile)}`,
      fix: "Run as root on Linux; a container needs --privileged",
    });
    ready.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (!stopping) failed.reject(error);
  });
  const stop = async (): Promise<void> => {
    stopping = true;
    stdin.end();
    const timer = setTimeout(() => child.kill("SIGKILL"), endTimeoutMs);
    await exited;
    clearTimeout(timer);
  };
  try {
    await ready.promise;
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ask: async (method, params) => {
      const id = nextId++;
      const answered = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      stdin.write(`${JSON.stringify({ id, method, params })}\n`);
      // The node's handler of this method gives this type; both are compiled from one table.
      return (await answered) as ReturnType<NodeMethods[typeof method]>;
    },
    failed: failed.promise,
    stop,
  };
}

function launch(config: NodeConfig, logFile: string): { child: ChildProcess; stdin: Writable; stdout: Readable } {
  // Beside this file, compiled or not.
  const program = fileURLToPath(new URL(`./node/main${extname(import.meta.url)}`, import.meta.url));
  const loader = program.endsWith(".ts") ? ["--import", import.meta.resolve("tsx")] : [];
  const namespaces = [
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
  ];
  const log = openSync(logFile, "a");
  const child = spawn(
    programPath("setpriv"),
    [
      ...["--pdeathsig", "KILL", "--", programPath("unshare"), ...namespaces, "--"],
      ...[process.execPath, ...loader, program, JSON.stringify(config)],
    ],
    { stdio: ["pipe", "pipe", log], detached: true, env: { ...process.env, NODE_OPTIONS: "" } },
  );
  closeSync(log);
  const { stdin, stdout } = child;
  assert(stdin !== null && stdout !== null, "the node is started with pipes");
  // A node that is gone cannot be written to; its exit tells.
  stdin.on("error", () => undefined);
  return { child, stdin, stdout };
}

function deferred<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: Error): void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function settle(waiting: Map<number, Waiting>, message: Extract<NodeMessage, { readonly id: number }>): void {
  const waiter = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.type === "answer") waiter?.resolve(message.result);
  else waiter?.reject(nodeError(message));
}

function nodeError(parts: { readonly problem: string; readonly fix: string }): PillionError {
  return new PillionError("SANDBOX_NODE", { problem: parts.problem, fix: parts.fix });
}

function lastLine(path: string): string {
  return readFileSync(path, "utf8").trim().split("\n").at(-1) ?? "";
}
