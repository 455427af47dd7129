/**
 * What every sample server needs around its handler: a port, one line when it listens,
 * and an end on SIGTERM that finishes the requests in flight and loses none.
 */
import { realpathSync } from "node:fs";
import { Server as HttpServer, type ServerResponse } from "node:http";
import type { Server, Socket } from "node:net";
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import { pathToFileURL } from "node:url";
import { acceptHttp2 } from "./h2c.ts";

/** A server that accepts connections. */
export interface Listening {
  /** The port that was really taken; differs from the asked one when that was 0. */
  readonly port: number;
  /** Stops accepting, waits for what is in flight, then resolves. */
  close(): Promise<void>;
}

/**
 * How long a connection may stay idle, in milliseconds: longer than the hour after which Envoy closes it.
 * With Node's own 5 s the server now and then closes a connection at the moment when Envoy sends a request on it.
 */
const keepAliveMs = 65 * 60 * 1000;

/** Whether the module with this `import.meta.url` is the program that Node was started with. */
export function isMainModule(moduleUrl: string): boolean {
  const program = process.argv[1];
  return program !== undefined && pathToFileURL(realpathSync(program)).href === moduleUrl;
}

/** The pod's name as Kubernetes gives it to a container, else the name of the machine. */
export function podName(): string {
  return process.env["HOSTNAME"] ?? hostname();
}

/** The port in `text`, or `fallback` where there is none. @throws Error when the text is no port. */
export function parsePort(text: string | undefined, fallback: number): number {
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`"${text}" is not a port: give 0 to 65535.`);
  return port;
}

/**
 * Starts to accept on all addresses; port 0 takes a free one. HTTP servers take HTTP/2 without TLS as well.
 * Rejects when the port is in use.
 */
export async function listen(server: Server, port: number): Promise<Listening> {
  const close = prepareClose(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : port, close };
}

/** Runs a program made of servers: one line each, then it serves until SIGTERM or SIGINT ends it gracefully. */
export async function serve(name: string, servers: Iterable<{ server: Server; port: number }>): Promise<void> {
  const running: Listening[] = [];
  try {
    for (const { server, port } of servers) {
      const listening = await listen(server, port);
      running.push(listening);
      process.stdout.write(`${name} listens on ${listening.port}\n`);
    }
  } catch (error) {
    process.stderr.write(`${name} cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
  endOnSignal(running);
}

/** Closes everything at the first SIGTERM or SIGINT and leaves with 0; a second signal leaves at once. */
export function endOnSignal(running: readonly { close(): Promise<void> }[]): void {
  let ending = false;
  const end = (): void => {
    if (ending) process.exit(1);
    ending = true;
    Promise.all(running.map((listening) => listening.close())).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

function prepareClose(server: Server): () => Promise<void> {
  const leave = server instanceof HttpServer ? watchRequests(server) : watchSockets(server);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      leave();
    });
}

/** A kept-alive connection would hold the server open after its last answer, so answers say `Connection: close`. */
function watchRequests(server: HttpServer): () => void {
  const inFlight = new Set<ServerResponse>();
  const upgraded = new Set<Duplex>();
  const endHttp2 = acceptHttp2(server);
  let leaving = false;
  server.keepAliveTimeout = keepAliveMs;
  server.prependListener("request", (_request, response) => {
    inFlight.add(response);
    if (leaving) sayClose(response);
    response.once("close", () => {
      inFlight.delete(response);
      if (leaving) setImmediate(() => server.closeIdleConnections());
    });
  });
  server.on("upgrade", (_request, socket) => {
    upgraded.add(socket);
    socket.once("close", () => upgraded.delete(socket));
  });
  return () => {
    leaving = true;
    for (const response of inFlight) sayClose(response);
    for (const socket of upgraded) socket.end();
    server.closeIdleConnections();
    endHttp2();
  };
}

/** HTTP/2 has no such header: its sessions end by a frame. */
function sayClose(response: ServerResponse): void {
  if (response.req.httpVersionMajor === 1 && !response.headersSent) response.setHeader("connection", "close");
}

function watchSockets(server: Server): () => void {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  return () => {
    for (const socket of open) socket.end();
  };
}
