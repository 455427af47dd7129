/**
 * One program for tests: `echo.js --port 8080 --tcp 9000 --server-first 9025 --grpc 7070 --version v1`.
 * Each of the four may come several times; without any it serves HTTP on 8080. Unknown flags are ignored,
 * because Istio's own test application, for which this stands in, has many.
 */
import { parseArgs } from "node:util";
import { endOnSignal, isMainModule, type Listening, listen, parsePort, podName } from "../serve.ts";
import { createHttpEchoServer, type EchoIdentity } from "./http-echo.ts";
import { createTcpEchoServer } from "./tcp-echo-server.ts";

/** Which ports to serve how. */
export interface EchoPorts {
  readonly http: readonly number[];
  readonly tcp: readonly number[];
  readonly serverFirst: readonly number[];
  readonly grpc: readonly number[];
}

/** Starts every server; rejects when a port is in use, and closes what it had started. */
export async function startEcho(identity: EchoIdentity, ports: EchoPorts): Promise<Listening[]> {
  const running: Listening[] = [];
  try {
    for (const port of ports.http) running.push(await listen(createHttpEchoServer(identity), port));
    for (const port of ports.tcp) running.push(await listen(createTcpEchoServer({ prefix: identity.version }), port));
    for (const port of ports.serverFirst) {
      const server = createTcpEchoServer({ prefix: identity.version, greeting: "220 ready" });
      running.push(await listen(server, port));
    }
    if (ports.grpc.length > 0) {
      // Loaded only when asked for: it would triple the time that the program takes to start.
      const { createGrpcEchoServer, listenGrpc } = await import("./grpc-echo.ts");
      for (const port of ports.grpc) running.push(await listenGrpc(createGrpcEchoServer(identity), port));
    }
  } catch (error) {
    await Promise.all(running.map((listening) => listening.close()));
    throw error;
  }
  return running;
}

/** Reads the program's flags. */
export function echoSettings(args: string[]): { version: string; ports: EchoPorts } {
  const port = { type: "string", multiple: true } as const;
  const options = { port, tcp: port, "server-first": port, grpc: port, version: { type: "string" } } as const;
  const { values } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const given = (list: unknown): number[] =>
    Array.isArray(list) ? list.map((text: unknown) => parsePort(String(text), 0)) : [];
  const ports = {
    http: given(values.port),
    tcp: given(values.tcp).filter((tcp) => !given(values["server-first"]).includes(tcp)),
    serverFirst: given(values["server-first"]),
    grpc: given(values.grpc),
  };
  const none = Object.values(ports).every((list) => list.length === 0);
  const version = typeof values.version === "string" ? values.version : (process.env["SERVICE_VERSION"] ?? "v1");
  return { version, ports: none ? { ...ports, http: [8080] } : ports };
}

if (isMainModule(import.meta.url)) {
  const { version, ports } = echoSettings(process.argv.slice(2));
  try {
    const running = await startEcho({ pod: podName(), version }, ports);
    process.stdout.write(`echo ${version} listens on ${running.map((listening) => listening.port).join(", ")}\n`);
    endOnSignal(running);
  } catch (error) {
    process.stderr.write(`echo cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
