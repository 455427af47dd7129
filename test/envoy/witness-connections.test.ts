// Witnesses of TLS and TCP rules are true: the connection that a conflict names is for both rules, and the one that is said
// to win gets it. Each is replayed against a live Envoy, with both orders of the objects.
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyUnpack } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { TlsMatch } from "../../api/virtual-service.ts";
import type { Finding, WitnessConnection } from "../../base/finding.ts";
import { socketAddress } from "../../envoy/address.ts";
import { encode } from "../../envoy/encode.ts";
import { DataSourceSchema } from "../../envoy/proto/envoy/config/core/v3/base_pb.ts";
import { FilterSchema } from "../../envoy/proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "../../envoy/proto/envoy/config/listener/v3/listener_pb.ts";
import { TcpProxySchema } from "../../envoy/proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { type ProxyNode, typeUrls } from "../../envoy/resource.ts";
import { shop } from "../../envoy/testing/golden.ts";
import { translator } from "../../envoy/translate.ts";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { review } from "../../policies/review.ts";
import { type Judge, startJudge } from "./judge.ts";
import { freePort, until } from "./live-envoy.ts";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge?.stop());

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 444, name: more, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }
    - { port: { number: 9001, name: tcp-more, protocol: TCP }, hosts: ["*"] }`;
const ingress: ProxyNode = { type: "gateway", namespace: "istio-system", pod: "ingress-1", address: "10.244.2.1" };
/** Where the gateway's Service has other target ports. */
const targetPorts: Readonly<Record<number, number>> = { 443: 8443 };

interface Rule {
  readonly match: readonly Partial<TlsMatch>[];
  /** A port of the service echo, by which the rule is told apart. */
  readonly to: number;
}

function virtualService(name: string, day: number, tls: readonly Rule[], tcp: readonly Rule[]) {
  const rules = (list: readonly Rule[]) =>
    list.map(({ match, to }) => ({ match, route: [{ destination: { host: "echo", port: { number: to } } }] }));
  return stringify({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop", creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { hosts: ["*"], gateways: ["edge"], tls: rules(tls), tcp: rules(tcp) },
  });
}

let version = 0;

/** Which port of echo Envoy sends a connection to when these objects are stored; nothing where it ends it. */
async function taker({ serverName, port = 0 }: WitnessConnection, ...objects: readonly string[]): Promise<string> {
  const snapshot = buildSnapshot(worldOf(shop(), gateway, ...objects));
  const translated = translator.resource(snapshot, ingress, typeUrls.listener, `0.0.0.0_${targetPorts[port] ?? port}`);
  if (translated === undefined) return "";
  const message = fromBinary(ListenerSchema, translated.bytes);
  const bindPort = await freePort();
  version += 1;
  message.name = `witness-${version}`;
  message.address = create(ListenerSchema, { address: socketAddress("127.0.0.1", bindPort) }).address;
  // Each chain tells its destination instead of going there.
  for (const chain of message.filterChains) {
    const proxy = chain.filters[0]?.configType;
    const config = proxy?.case === "typedConfig" ? anyUnpack(proxy.value, TcpProxySchema) : undefined;
    const cluster = config?.clusterSpecifier.value;
    chain.filters = [telling(typeof cluster === "string" ? cluster : "several")];
  }
  const encoded = encode(typeUrls.listener, message.name, ListenerSchema, { message });
  expect(await judge.listen(encoded)).toBeUndefined();
  const hello = serverName === undefined ? Buffer.from("hello") : await clientHello(serverName);
  const said = await until("the listener answers", () => exchange(bindPort, hello));
  return said.split("|")[1] ?? "";
}

/** The network filter that writes a text and ends the connection. Its message has one field, a DataSource. */
function telling(text: string) {
  const source = create(DataSourceSchema, { specifier: { case: "inlineString", value: text } });
  const bytes = toBinary(DataSourceSchema, source);
  const value: Any = create(AnySchema, {
    typeUrl: "type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config",
    value: Uint8Array.from([0x0a, bytes.length, ...bytes]),
  });
  const name = "envoy.filters.network.direct_response";
  return create(FilterSchema, { name, configType: { case: "typedConfig", value } });
}

/** The first bytes of a TLS client that asks for a server name. */
function clientHello(servername: string): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        resolve(chunk);
        done();
      },
    });
    connectTls({ socket: wire, servername }).on("error", () => undefined);
  });
}

/** What is answered to some bytes; undefined when nobody listens (yet). */
function exchange(port: number, bytes: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ host: "127.0.0.1", port }, () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.on("error", () => resolve(text === "" ? undefined : text));
    socket.on("close", () => resolve(text));
  });
}

const names = ["a.example.com", "b.example.com", "*.example.com", "*.b.example.com", "x.b.example.com", "*"];
const anyPort = (...ports: readonly number[]) => fc.constantFrom(...ports.map((port) => ({ port })), {}, {});
const tlsMatch = fc
  .tuple(fc.subarray(names, { minLength: 1, maxLength: 2 }), anyPort(443, 444, 445))
  .map(([sniHosts, port]) => ({ sniHosts, ...port }));
const tls = fc.array(tlsMatch, { minLength: 1, maxLength: 2 });
const tcp = fc.array(anyPort(9000, 9001, 9002), { minLength: 0, maxLength: 1 });

const runs = { numRuns: 20, seed: 1 };

/** The name that the text of a finding says will win. */
function winnerOf({ reason }: Finding): string | undefined {
  return /(?:the older object|the narrower server name, that of|the older), (\w+), w|that of (\w+), w/
    .exec(reason)
    ?.slice(1)
    .find(Boolean);
}

test("review() names a connection that two objects are for, and who gets it", async () => {
  const replayed = { PIL3105: 0, PIL3106: 0 };
  const property = fc.asyncProperty(tls, tls, tcp, tcp, async (first, second, firstTcp, secondTcp) => {
    const rules = (match: Rule["match"], to: number) => (match.length === 0 ? [] : [{ match, to }]);
    const stored = virtualService("stored", 1, rules(first, 8080), rules(firstTcp, 8080));
    const candidate = virtualService("candidate", 2, rules(second, 7070), rules(secondTcp, 7070));
    const turned = candidate.replace("2026-01-02", "2025-12-31");
    for (const [object, isYounger] of [
      [candidate, true],
      [turned, false],
    ] as const) {
      const world = worldOf(shop(), gateway, stored);
      for (const finding of review(objectOf(object), world, buildSnapshot(world))) {
        const { code, connection } = finding;
        if ((code !== "PIL3105" && code !== "PIL3106") || connection === undefined) continue;
        replayed[code] += 1;
        const winner = winnerOf(finding) ?? "nobody";
        expect(["stored", "candidate"], finding.reason).toContain(winner);
        expect(await taker(connection, stored), "the stored object is for it").toBe("8080");
        expect(await taker(connection, object), "the candidate is for it").toBe("7070");
        expect(await taker(connection, stored, object), finding.reason).toBe(winner === "stored" ? "8080" : "7070");
        if (finding.reason.includes("narrower")) {
          const other = isYounger ? turned : candidate;
          expect(await taker(connection, stored, other), "whoever is older").toBe(
            winner === "stored" ? "8080" : "7070",
          );
        }
      }
    }
  });
  await fc.assert(property, runs);
  expect(replayed.PIL3105).toBeGreaterThan(3);
  expect(replayed.PIL3106).toBeGreaterThan(10);
});

test("review() names a connection that an unreachable rule and the earlier one are for", async () => {
  let replayed = 0;
  const property = fc.asyncProperty(tls, tls, async (first, second) => {
    const rules = [
      { match: first, to: 8080 },
      { match: second, to: 7070 },
    ];
    const object = virtualService("one", 1, rules, []);
    const world = worldOf(shop(), gateway);
    for (const { code, connection } of review(objectOf(object), world, buildSnapshot(world))) {
      if (code !== "PIL3107" || connection === undefined) continue;
      replayed += 1;
      expect(await taker(connection, object)).toBe("8080");
      expect(await taker(connection, virtualService("one", 1, rules.slice(1), []))).toBe("7070");
    }
  });
  await fc.assert(property, { ...runs, numRuns: 50 });
  expect(replayed).toBeGreaterThan(3);
});
