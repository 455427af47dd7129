// Ways through the wall between the host and the node's network namespace. Unix sockets are not part of a network
// namespace, so a connection crosses through one: its first line says where it wants to go, the rest are its bytes.
import { connect, createServer, type Server, type Socket } from "node:net";
import { PillionError } from "../base/error.ts";

/** The first line is an address or a name: never longer than this. */
const maximumLineBytes = 256;

/** Listen at `listen`; every connection goes through the unix socket to `target()`, or is closed when there is none. */
export async function listenOutside(options: {
  readonly listen: { readonly host: string; readonly port: number };
  readonly socketPath: string;
  readonly target: () => string | undefined;
}): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const target = options.target();
    if (target === undefined) {
      client.destroy();
      return;
    }
    const tunnel = connect({ path: options.socketPath, allowHalfOpen: true });
    tunnel.write(`${target}\n`);
    join(client, tunnel);
  });
  await listening(server, () => server.listen(options.listen), `${options.listen.host}:${options.listen.port}`);
  return server;
}

/** Serve the unix socket: connect each connection to where its first line says, if `resolve` knows that place. */
export async function serveTunnels(
  socketPath: string,
  resolve: (target: string) => { readonly host: string; readonly port: number } | undefined,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (tunnel) => {
    readLine(tunnel, (line) => {
      const place = resolve(line);
      if (place === undefined) {
        tunnel.destroy();
        return;
      }
      join(tunnel, connect({ ...place, allowHalfOpen: true, noDelay: true }));
    });
  });
  await listening(server, () => server.listen(socketPath), socketPath);
  return server;
}

/** "10.77.0.4:8080" as a place. */
export function parsePlace(target: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^([0-9.]+):(\d{1,5})$/.exec(target);
  return match === null ? undefined : { host: match[1] ?? "", port: Number(match[2]) };
}

/** Bytes flow both ways; the end of one way leaves the other open; a side that breaks off takes the other with it. */
function join(a: Socket, b: Socket): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on("error", () => other.destroy());
    // After an orderly end the other side may still have bytes to flush.
    one.on("close", () => {
      if (!one.readableEnded || !one.writableFinished) other.destroy();
    });
    one.pipe(other);
  }
}

function readLine(socket: Socket, use: (line: string) => void): void {
  let head = Buffer.alloc(0);
  const onError = (): void => {
    socket.destroy();
  };
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(10);
    if (end < 0) {
      if (head.length > maximumLineBytes) socket.destroy();
      return;
    }
    socket.off("data", onData);
    socket.off("error", onError);
    socket.pause();
    if (end + 1 < head.length) socket.unshift(head.subarray(end + 1));
    use(head.subarray(0, end).toString("latin1"));
  };
  socket.on("error", onError);
  socket.on("data", onData);
}

async function listening(server: Server, start: () => void, place: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const inUse = cause.code === "EADDRINUSE";
      reject(
        new PillionError("LISTEN", {
          problem: `${place} cannot be listened on${inUse ? ": it is in use" : `: ${cause.message}`}`,
          fix: inUse ? "End the program that holds it, or choose another port" : "Choose another address",
          cause,
        }),
      );
    });
    server.once("listening", resolve);
    start();
  });
}
