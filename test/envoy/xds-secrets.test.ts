// Certificates over the same stream: a host follows when its cluster can prove who it is, and rotation needs no new stream.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { createCa, type Issued, issue } from "../../certs/ca.ts";
import { fingerprint } from "../../certs/certificate.ts";
import { typeUrls } from "../../envoy/resource.ts";
import { adsBootstrap, envoyBinary, freePort, startEnvoy, until } from "./live-envoy.ts";
import {
  fromAds,
  type LiveMesh,
  newLiveMesh,
  pushes,
  putCluster,
  putHost,
  putOnDemandListener,
  serveMesh,
  typed,
} from "./live-mesh.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const identity = (name: string): Issued =>
  issue(ca, { now, newKeyPair, spiffe: `spiffe://cluster.local/ns/shop/sa/${name}` });

const cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** A server that wants a certificate of the mesh, and answers with the caller's name and its certificate's fingerprint. */
async function tlsUpstream(): Promise<number> {
  const { certificateChainPem, privateKey } = identity("reviews");
  const tls = { cert: certificateChainPem, key: privateKey.reveal(), ca: ca.certificatePem, requestCert: true };
  const server = createServer(tls, (incoming, response) => {
    const peer = (incoming.socket as TLSSocket).getPeerCertificate(); // https gives no other kind of socket.
    response.setHeader("connection", "close");
    response.end(`${peer.subjectaltname ?? ""} ${peer.fingerprint256.replaceAll(":", "").toLowerCase()}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function putIdentity(mesh: LiveMesh, { certificateChainPem, privateKey }: Issued): void {
  const certificateChain = { inlineString: certificateChainPem };
  const tlsCertificate = { certificateChain, privateKey: { inlineString: privateKey.reveal() } };
  mesh.put(typeUrls.secret, "default", { name: "default", tlsCertificate });
}

function putMutualTlsCluster(mesh: LiveMesh, name: string, port: number): void {
  const sds = (secret: string) => ({ name: secret, sdsConfig: fromAds });
  const context = typed("transport_sockets.tls.v3.UpstreamTlsContext", {
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [sds("default")],
      validationContextSdsSecretConfig: sds("ROOTCA"),
    },
  });
  const needs = ["default", "ROOTCA"].map((secret) => ({ type: typeUrls.secret, name: secret }));
  putCluster(mesh, name, port, { transportSocket: { name: "tls", typedConfig: context } }, needs);
}

function get(port: number, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port, headers: { host }, agent: false }, (incoming) => {
      let body = "";
      incoming.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      incoming.on("end", () => resolve(`${incoming.statusCode} ${body}`));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe.runIf(envoyBinary() !== undefined)("secrets over ADS", () => {
  test("the first request is answered over mutual TLS, a new certificate is used without a new stream, and kept over a restart", async () => {
    const mesh = newLiveMesh();
    const port = await freePort();
    putOnDemandListener(mesh, port, "80");
    putMutualTlsCluster(mesh, "reviews", await tlsUpstream());
    putHost(mesh, "80/reviews", "reviews");
    mesh.put(typeUrls.secret, "ROOTCA", {
      name: "ROOTCA",
      validationContext: { trustedCa: { inlineString: ca.certificatePem } },
    });
    const first = identity("web");
    putIdentity(mesh, first);
    const served = await serveMesh(mesh);
    cleanUp.push(() => served.server.close());
    const envoy = await startEnvoy({ bootstrap: adsBootstrap({ xdsPort: served.port, nodeId: "web~web-1" }) });
    cleanUp.push(() => envoy.stop());
    await until("Envoy is live", () => envoy.isLive());

    const web = "200 URI:spiffe://cluster.local/ns/shop/sa/web";
    expect(await get(port, "reviews")).toBe(`${web} ${fingerprint(first.certificateChainPem)}`);

    const second = identity("web");
    putIdentity(mesh, second);
    mesh.rotate();
    const renewed = `${web} ${fingerprint(second.certificateChainPem)}`;
    await until("the new certificate is used", async () => (await get(port, "reviews")) === renewed);

    await served.server.close();
    const again = await serveMesh(mesh, served.port);
    cleanUp.push(() => again.server.close());
    await until("the proxy is back", () => Promise.resolve(again.server.status()[0]?.synced === true));
    expect(await get(port, "reviews")).toBe(renewed);
    expect(await pushes(again.metrics)).toEqual({});
  });
});
