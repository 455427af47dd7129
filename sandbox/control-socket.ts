// How another process looks into a running sandbox: a unix socket in its run directory, one JSON document each way.
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { PillionError } from "../base/error.ts";
import type { ExecResult } from "./node-protocol.ts";
import { isRecord } from "./objects.ts";
import type { PodStatus } from "./pod-status.ts";
import type { Sandbox } from "./sandbox.ts";

/** What can be asked. Empty `container`: the pod's first. */
export type ControlRequest =
  | { readonly verb: "pods" }
  | {
      readonly verb: "exec";
      readonly namespace: string;
      readonly pod: string;
      readonly container: string;
      readonly argv: readonly string[];
      readonly stdin: string;
    }
  | { readonly verb: "logs"; readonly namespace: string; readonly pod: string; readonly container: string };

/** What is answered. */
export interface ControlAnswers {
  pods: readonly PodStatus[];
  exec: ExecResult;
  /** The path of the log file. */
  logs: string;
}

/** A question with what is piped into a program; more is refused. */
const maximumRequestBytes = 32 * 2 ** 20;
/** exec by hand may take its time. */
const execTimeoutMs = 24 * 3_600_000;

/** Answer questions about this sandbox. The run directory is readable by root only, and so is the socket in it. */
export async function serveControl(path: string, sandbox: Sandbox): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    void answer(socket, sandbox);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}

/**
 * Ask the sandbox of this run directory.
 * @throws {PillionError} SANDBOX_AWAY when nobody answers; SANDBOX when it could not do what it was asked.
 */
export async function askSandbox<R extends ControlRequest>(
  runDirectory: string,
  request: R,
): Promise<ControlAnswers[R["verb"]]> {
  const text = await roundTrip(join(runDirectory, "control.sock"), JSON.stringify(request)).catch((cause: unknown) => {
    throw new PillionError("SANDBOX_AWAY", {
      problem: `The sandbox in ${runDirectory} does not answer`,
      fix: "Start one with `npm run demo`",
      cause,
    });
  });
  const reply: unknown = JSON.parse(text);
  if (isRecord(reply) && isRecord(reply["failure"])) {
    throw new PillionError("SANDBOX", {
      problem: String(reply["failure"]["problem"]),
      fix: String(reply["failure"]["fix"]),
    });
  }
  // The other end is this very file.
  return (reply as { readonly result: ControlAnswers[R["verb"]] }).result;
}

async function answer(socket: Socket, sandbox: Sandbox): Promise<void> {
  try {
    const request = JSON.parse(await readAll(socket)) as ControlRequest;
    socket.end(JSON.stringify({ result: await perform(sandbox, request) }));
  } catch (error) {
    const known = error instanceof PillionError;
    const problem = known ? error.problem : String(error);
    socket.end(JSON.stringify({ failure: { problem, fix: known ? error.fix : "Please report this" } }));
  }
}

async function perform(sandbox: Sandbox, request: ControlRequest): Promise<unknown> {
  switch (request.verb) {
    case "pods":
      return sandbox.pods();
    case "exec": {
      const { namespace, pod, container, argv, stdin } = request;
      return sandbox.exec(namespace, pod, container, argv, { stdin, timeoutMs: execTimeoutMs });
    }
    case "logs":
      return sandbox.logFile(request.namespace, request.pod, request.container);
  }
}

async function roundTrip(path: string, text: string): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  socket.end(text);
  return readAll(socket);
}

async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumRequestBytes)
      throw new PillionError("SANDBOX", { problem: "The message is too long", fix: "Send less" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
