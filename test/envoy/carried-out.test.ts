// Fields of which the goldens say only how they are written: a live Envoy that the control plane configures does what they say.
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingHttpHeaders, request } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCa, issue } from "../../certs/ca.ts";
import { encode } from "../../envoy/encode.ts";
import { chain, listenerAt } from "../../envoy/listeners/listener.ts";
import { tcpProxy } from "../../envoy/listeners/tcp-proxy.ts";
import { ListenerSchema } from "../../envoy/proto/envoy/config/listener/v3/listener_pb.ts";
import { type ProxyNode, typeUrls } from "../../envoy/resource.ts";
import { shop } from "../../envoy/testing/golden.ts";
import { translator } from "../../envoy/translate.ts";
import type { Translator } from "../../envoy/translator.ts";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { adsBootstrap, envoyBinary, freePort, startEnvoy, until } from "./live-envoy.ts";
import { newLiveMesh, serveMesh } from "./live-mesh.ts";

const ingress: ProxyNode = { type: "gateway", namespace: "istio-system", pod: "ingress-1", address: "10.244.2.1" };
const web: ProxyNode = { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.244.1.1" };

const cleanUp: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** An Envoy that holds what the control plane makes of these objects for a proxy. */
async function configured(proxy: ProxyNode, objects: readonly string[], more: Partial<Translator> = {}): Promise<void> {
  const snapshot = buildSnapshot(worldOf(shop(), ...objects));
  const own: Translator = {
    knows: () => true,
    everyHost: () => [],
    eager: (given) => translator.eager(given, proxy),
    resource: (given, _proxy, type, name) => translator.resource(given, proxy, type, name),
    virtualHostName: (given, _proxy, asked) => translator.virtualHostName(given, proxy, asked),
    ...more,
  };
  const none = () => () => undefined;
  const options = {
    translator: own,
    snapshots: { current: () => snapshot, subscribe: none },
    secrets: { get: () => undefined, subscribe: none },
  };
  const served = await serveMesh({ ...newLiveMesh(), options });
  cleanUp.push(() => served.server.close());
  const envoy = await startEnvoy({ bootstrap: adsBootstrap({ xdsPort: served.port, nodeId: "test~test-1" }) });
  cleanUp.push(() => envoy.stop());
  await until("Envoy is live", () => envoy.isLive());
}

async function listening(server: Server, host = "127.0.0.1", port = 0): Promise<number> {
  server.listen(port, host);
  await once(server, "listening");
  cleanUp.push(() => void server.close());
  return (server.address() as AddressInfo).port; // A server on a port has no other sort of address.
}

/** A server outside of the mesh on a port of this machine. */
const entry = (host: string, port: number, protocol?: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${host}, namespace: shop }
spec:
  hosts: [${host}]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{ number: ${port}, name: port${protocol === undefined ? "" : `, protocol: ${protocol}`} }]
  endpoints: [{ address: 127.0.0.1 }]`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function ask(port: number, path: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    const host = `a.example:${port}`;
    const asked = request({ host: "127.0.0.1", port, method, path, headers: { host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** The first bytes that come back. */
async function firstBytes(socket: Duplex, hello: string): Promise<string> {
  socket.write(hello);
  const [chunk] = (await once(socket, "data")) as [Buffer]; // What sockets give.
  socket.destroy();
  return chunk.toString();
}

/** A message of gRPC, and of gRPC-Web: a byte of flags, the length, the message. */
function framed(flags: number, text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(Buffer.byteLength(text), 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe.runIf(envoyBinary() !== undefined)("a gateway", () => {
  let ports: { readonly http: number; readonly tls: number; readonly grpcWeb: number };
  const ca = createCa({
    now: Date.now(),
    newKeyPair: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
    trustDomain: "cluster.local",
  });

  beforeAll(async () => {
    const mirror = await listening(
      createHttpServer((incoming, response) => {
        response.setHeader("x-answer", "server");
        response.end(JSON.stringify(incoming.headers));
      }),
    );
    const echo = await listening(createTcpServer((socket) => void socket.on("error", () => undefined).pipe(socket)));
    const grpc = await listening(
      createHttp2Server((incoming, response) => {
        const said: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => said.push(chunk));
        incoming.on("end", () => {
          response.setHeader("content-type", "application/grpc");
          response.addTrailers({ "grpc-status": "0" });
          response.end(framed(0, `${incoming.headers["content-type"]} ${Buffer.concat(said).subarray(5).toString()}`));
        });
      }),
    );
    const version = await listening(
      createHttp2Server((incoming, response) => {
        response.end(incoming.httpVersion);
      }),
    );
    const folder = mkdtempSync(join(tmpdir(), "pillion-carried-out-"));
    cleanUp.push(() => rmSync(folder, { recursive: true }));
    const spiffe = "spiffe://cluster.local/ns/istio-system/sa/ingress";
    const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { certificateChainPem, privateKey } = issue(ca, { now: Date.now(), newKeyPair, spiffe });
    writeFileSync(join(folder, "tls.crt"), certificateChainPem);
    writeFileSync(join(folder, "tls.key"), privateKey.reveal(), { mode: 0o600 });

    ports = { http: await freePort(), tls: await freePort(), grpcWeb: await freePort() };
    const to = (host: string, more = "") => `route: [{ destination: { host: ${host} }${more} }]`;
    const objects = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: door, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: ${ports.http}, name: http, protocol: HTTP }, hosts: [a.example] }
    - { port: { number: ${ports.grpcWeb}, name: web, protocol: GRPC-WEB }, hosts: [a.example] }
    - port: { number: ${ports.tls}, name: tls, protocol: TLS }
      hosts: [a.example]
      tls: { mode: SIMPLE, serverCertificate: ${folder}/tls.crt, privateKey: ${folder}/tls.key }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: shop }
spec:
  hosts: [a.example]
  gateways: [door]
  tcp: [{ ${to("echo.example")} }]
  http:
    - { match: [{ uri: { prefix: /called } }], redirect: { authority: b.example, derivePort: FROM_REQUEST_PORT } }
    - { match: [{ uri: { prefix: /kept } }], redirect: { uri: /x, derivePort: FROM_PROTOCOL_DEFAULT } }
    - { match: [{ uri: { prefix: /secure } }], redirect: { scheme: https, derivePort: FROM_PROTOCOL_DEFAULT } }
    - match: [{ uri: { prefix: /headers } }]
      headers:
        request: { set: { x-both: rule, x-rule: rule } }
        response: { set: { x-answer: rule } }
      ${to("mirror.example", ", headers: { request: { set: { x-both: destination } }, response: { set: { x-answer: destination } } }")}
    - { match: [{ uri: { prefix: /grpc } }], ${to("grpc.example")} }
    - { match: [{ uri: { prefix: /upgraded } }], ${to("unsaid.example")} }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: unsaid, namespace: shop }
spec: { host: unsaid.example, trafficPolicy: { connectionPool: { http: { h2UpgradePolicy: UPGRADE } } } }`;
    await configured(ingress, [
      objects,
      entry("mirror.example", mirror, "HTTP"),
      entry("echo.example", echo, "TCP"),
      entry("grpc.example", grpc, "GRPC"),
      entry("unsaid.example", version),
    ]);
  });

  test.each([
    { path: "/called", name: "FROM_REQUEST_PORT", want: () => `http://b.example:${ports.http}/called` },
    { path: "/kept", name: "FROM_PROTOCOL_DEFAULT", want: () => "http://a.example:80/x" },
    { path: "/secure", name: "FROM_PROTOCOL_DEFAULT of https", want: () => "https://a.example:443/secure" },
  ])("redirects to a port that is derived $name", async ({ path, want }) => {
    const { status, headers } = await ask(ports.http, path);
    expect([status, headers.location]).toEqual([301, want()]);
  });

  test("changes headers as a destination says, whatever its rule does", async () => {
    const { headers, body } = await ask(ports.http, "/headers");
    expect(JSON.parse(body.toString())).toMatchObject({ "x-both": "destination", "x-rule": "rule" });
    expect(headers["x-answer"]).toBe("destination");
  });

  test("speaks HTTP/2 to a port without a protocol where h2UpgradePolicy says so", async () => {
    const { status, body } = await ask(ports.http, "/upgraded");
    expect([status, body.toString()]).toEqual([200, "2.0"]);
  });

  test("opens TLS and carries what is inside by TCP rules", async () => {
    const options = { host: "127.0.0.1", port: ports.tls, servername: "a.example", ca: ca.certificatePem };
    // The certificate is by the right authority; the name in it is no host.
    const socket = connectTls({ ...options, checkServerIdentity: () => undefined });
    await once(socket, "secureConnect");
    expect(await firstBytes(socket, "hello")).toBe("hello");
  });

  test("answers gRPC-Web for a server of gRPC", async () => {
    const type = "application/grpc-web+proto";
    const headers = { "content-type": type, "x-grpc-web": "1" };
    const answer = await ask(ports.grpcWeb, "/grpc.Echo/Say", headers, framed(0, "hello"));
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe(type);
    // The trailers come as a last message, whose flag says so.
    const message = framed(0, "application/grpc hello");
    expect(answer.body.subarray(0, message.length)).toEqual(message);
    expect(answer.body[message.length]).toBe(0x80);
    expect(answer.body.subarray(message.length + 5).toString()).toMatch(/grpc-status: ?0/);
  });
});

describe.runIf(envoyBinary() !== undefined)("a sidecar", () => {
  test("follows a TLS rule for the name of a service whose address is called", async () => {
    const telling = (text: string) => createTcpServer((socket) => void socket.on("error", () => undefined).end(text));
    const target = await listening(telling("v1"), "127.0.0.2");
    await listening(telling("v2"), "127.0.0.3", target);
    const pod = (version: string, address: string) => `
apiVersion: v1
kind: Pod
metadata: { name: secure-${version}, namespace: shop, labels: { app: secure, version: ${version} } }
spec: { containers: [{ name: secure, image: secure, ports: [{ containerPort: ${target} }] }] }
status: { phase: Running, podIP: ${address}, podIPs: [{ ip: ${address} }], conditions: [{ type: Ready, status: "True" }] }`;
    const objects = `
apiVersion: v1
kind: Service
metadata: { name: secure, namespace: shop }
spec: { clusterIP: 10.96.9.9, clusterIPs: [10.96.9.9], selector: { app: secure }, ports: [{ name: https, port: 443, targetPort: ${target} }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: secure, namespace: shop }
spec: { host: secure, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: secure, namespace: shop }
spec:
  hosts: [secure.shop.svc.cluster.local]
  tls:
    - match: [{ port: 443, sniHosts: [secure.shop.svc.cluster.local] }]
      route: [{ destination: { host: secure, subset: v2 } }]`;
    // In a pod the address that is called chooses the cluster; without redirection a listener of its own does.
    const cluster = { type: typeUrls.cluster, name: "tcp|10.96.9.9:443" };
    const port = await freePort();
    await configured(web, [objects, pod("v1", "127.0.0.2"), pod("v2", "127.0.0.3")], {
      eager: () => [cluster, { type: typeUrls.listener, name: "called" }],
      resource: (snapshot, _proxy, type, name) => {
        if (type !== typeUrls.listener) return translator.resource(snapshot, web, type, name);
        const message = listenerAt(
          { name, port, direction: "outbound", ipv6: false },
          { filterChains: [chain(name, undefined, [tcpProxy(snapshot.mesh, cluster.name)])] },
        );
        return encode(type, name, ListenerSchema, { message, needs: [cluster] });
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => firstBytes(connect({ host: "127.0.0.1", port }), "hello")),
    );
    expect(new Set(answers)).toEqual(new Set(["v2"]));
  });
});
