import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listenOutside, parsePlace, serveTunnels } from "./relay.ts";

let folder: string;
let servers: Server[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pillion-relay-"));
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** All that arrives until the other side ends; unlike the helpers of node:stream it leaves the socket open to answer. */
async function text(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks).toString();
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;

async function serve(handle: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, handle);
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return server;
}

/** A listener whose connections go through a unix socket to `port`. */
async function relayTo(port: number, target: () => string | undefined = () => "there"): Promise<number> {
  const socketPath = join(folder, "tunnel.sock");
  servers.push(await serveTunnels(socketPath, (name) => (name === "there" ? { host: "127.0.0.1", port } : undefined)));
  const outside = await listenOutside({ listen: { host: "127.0.0.1", port: 0 }, socketPath, target });
  servers.push(outside);
  return portOf(outside);
}

describe("listenOutside() with serveTunnels()", () => {
  test("carries bytes both ways, and goes on when one way has ended", async () => {
    const upper = await serve((socket) => {
      void text(socket).then((all) => socket.end(all.toUpperCase()));
    });
    const client = connect({ port: await relayTo(portOf(upper)), host: "127.0.0.1", allowHalfOpen: true });
    const big = "abc".repeat(200_000);
    client.end(big);
    expect((await text(client)) === big.toUpperCase()).toBe(true);
  });

  test("lets the server speak first", async () => {
    const greeter = await serve((socket) => socket.end("hello"));
    const client = connect(await relayTo(portOf(greeter)), "127.0.0.1");
    expect(await text(client)).toBe("hello");
  });

  test("closes a connection when nobody listens there, and carries the next when somebody does", async () => {
    const gone = await serve(() => undefined);
    const port = portOf(gone);
    await new Promise((resolve) => gone.close(resolve));
    const relay = await relayTo(port);
    const first = connect(relay, "127.0.0.1").on("error", () => undefined);
    await once(first.resume(), "close");
    const back = createServer((socket) => socket.end("back"));
    servers.push(back.listen(port, "127.0.0.1"));
    await once(back, "listening");
    expect(await text(connect(relay, "127.0.0.1"))).toBe("back");
  });

  test.each([
    { name: "there is no target", target: () => undefined },
    { name: "the target is not known", target: () => "elsewhere" },
    { name: "the name of the target is endless", target: () => "x".repeat(1_000) },
  ])("closes a connection when $name", async ({ target }) => {
    const server = await serve(() => undefined);
    const client = connect(await relayTo(portOf(server), target), "127.0.0.1").on("error", () => undefined);
    await once(client.resume(), "close");
    expect(client.bytesRead).toBe(0);
  });

  test("tells the other side when a client breaks off", async () => {
    let accept: (socket: Socket) => void = () => undefined;
    const accepted = new Promise<Socket>((resolve) => {
      accept = resolve;
    });
    const client = connect(await relayTo(portOf(await serve((socket) => accept(socket)))), "127.0.0.1");
    client.write("x");
    const socket = await accepted;
    await once(socket, "data");
    client.resetAndDestroy();
    await once(socket, "end");
    socket.destroy();
  });
});

test("listenOutside() says which port is in use", async () => {
  const server = await serve(() => undefined);
  const listen = { host: "127.0.0.1", port: portOf(server) };
  await expect(listenOutside({ listen, socketPath: join(folder, "x"), target: () => "" })).rejects.toThrow(
    `LISTEN: 127.0.0.1:${listen.port} cannot be listened on: it is in use. End the program that holds it, or choose another port.`,
  );
});

test.each([
  { target: "10.77.0.4:8080", want: { host: "10.77.0.4", port: 8080 } },
  { target: "xds", want: undefined },
  { target: "10.77.0.4", want: undefined },
])("parsePlace() reads $target", ({ target, want }) => {
  expect(parsePlace(target)).toEqual(want);
});
