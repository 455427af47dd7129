import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { Server } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { createCa, type Issued, issue } from "../certs/ca.ts";
import { servingCredentials } from "./serving-credentials.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const certificateFor = (name: string): Issued => issue(ca, { now, newKeyPair, dnsNames: [name] });

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

/** The name in the certificate that a new connection sees. */
async function nameSeen(port: number): Promise<string | undefined> {
  const socket: TLSSocket = connect({
    port,
    host: "127.0.0.1",
    ca: ca.certificatePem,
    checkServerIdentity: () => undefined,
    ALPNProtocols: ["h2"],
  });
  await once(socket, "secureConnect");
  const name = socket.getPeerCertificate().subjectaltname;
  socket.destroy();
  return name;
}

test("servingCredentials() serves the first certificate, and the next one after it has changed", async () => {
  let current = certificateFor("first.test");
  const listeners = new Set<() => void>();
  const credentials = servingCredentials({
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const server = new Server();
  servers.push(server);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  expect(await nameSeen(port)).toBe("DNS:first.test");
  current = certificateFor("second.test");
  for (const listener of listeners) listener();
  expect(await nameSeen(port)).toBe("DNS:second.test");
});
