import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { connect, type Http2SecureServer, type Http2ServerResponse } from "node:http2";
import { Agent, get } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createCa, issue } from "../certs/ca.ts";
import { type Connections, trackConnections } from "./connections.ts";
import { createTlsServer } from "./tls-server.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const issued = issue(ca, { now, newKeyPair, dnsNames: ["localhost"] });

let server: Http2SecureServer;
let connections: Connections;
let agent: Agent;
/** Answers that /slow owes. */
let owed: Http2ServerResponse[];

beforeEach(async () => {
  owed = [];
  const certificate = { cert: issued.certificateChainPem, key: issued.privateKey.reveal() };
  server = createTlsServer(certificate, (request, response) =>
    request.url === "/slow" ? void owed.push(response) : response.end("ok"),
  );
  connections = trackConnections(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  agent = new Agent({ keepAlive: true, maxSockets: 1, ca: ca.certificatePem, servername: "localhost" });
});
afterEach(() => {
  agent.destroy();
  connections.end();
  server.close();
});

const port = (): number => (server.address() as AddressInfo).port; // a TCP server that listens has no other form of address

interface Reply {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly socket: Socket;
}

function ask(path: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: "127.0.0.1", port: port(), path, agent }, (response) => {
      const { statusCode: status, headers, socket } = response;
      response.resume().once("end", () => resolve({ status, connection: headers.connection, socket }));
    });
    asked.once("error", reject);
  });
}

test("trackConnections() ends a kept connection with the next answer after drain()", async () => {
  const before = await ask("/");
  expect(before.connection).toBe("keep-alive");
  connections.drain();
  const after = await ask("/");
  expect(after).toMatchObject({ status: 200, connection: "close", socket: before.socket });
});

test("trackConnections() takes new connections after drain(), for one answer each", async () => {
  connections.drain();
  const replies = [await ask("/"), await ask("/")];
  expect(replies).toMatchObject([
    { status: 200, connection: "close" },
    { status: 200, connection: "close" },
  ]);
});

test("trackConnections() ends a connection that is busy during drain() with its answer", async () => {
  const slow = ask("/slow");
  await once(server, "request");
  connections.drain();
  owed[0]?.end("late");
  expect(await slow).toMatchObject({ status: 200, connection: "close" });
});

test("trackConnections() ends an idle connection after drain()", async () => {
  const { socket } = await ask("/");
  const closed = once(socket, "close");
  connections.drain();
  await closed;
});

test("trackConnections() tells HTTP/2 to go away, and answers what is under way", async () => {
  const session = connect(`https://localhost:${port()}`, { ca: ca.certificatePem });
  const slow = session.request({ ":path": "/slow" });
  const status = once(slow, "response").then(([headers]: { ":status"?: number }[]) => headers?.[":status"]);
  await once(server, "request");
  const goAway = once(session, "goaway");
  connections.drain();
  await goAway;
  owed[0]?.end("late");
  slow.resume();
  expect(await status).toBe(200);
  await once(session, "close");
});

test("trackConnections() lets the server stop although clients stay connected", async () => {
  await ask("/");
  const closed = once(server, "close");
  server.close();
  connections.end();
  await closed;
});
