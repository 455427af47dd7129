import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { takenConnections } from "./taken-connections.ts";

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 444, name: more, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }`;
const virtualService = (name: string, day: number, rules: string, gateways = "edge") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec: { hosts: ["*.example.com"], gateways: [${gateways}], ${rules} }`;
const route = "route: [{ destination: { host: reviews } }]";
const tls = (sni: string, more = "") => `tls: [{ match: [{ sniHosts: [${sni}]${more} }], ${route} }]`;
const tcp = (match: string) => `tcp: [{ match: [${match}], ${route} }]`;

const found = (stored: string, candidate: string) => {
  const world = worldOf(gateway, stored);
  return reviewBy([takenConnections], objectOf(candidate), world, buildSnapshot(world)).map(({ path }) => path);
};

test.each([
  {
    name: "one server name",
    older: tls("a.example.com"),
    younger: tls("b.example.com, a.example.com"),
    want: ["spec.tls[0].match[0].sniHosts[1]"],
  },
  { name: "a name below a wildcard", older: tls('"*.example.com"'), younger: tls("a.example.com"), want: [] },
  {
    name: "other ports",
    older: tls("a.example.com", ", port: 443"),
    younger: tls("a.example.com", ", port: 444"),
    want: [],
  },
  {
    name: "more ports than the older",
    older: tls("a.example.com", ", port: 443"),
    younger: tls("a.example.com"),
    want: [],
  },
  {
    name: "one TCP port",
    older: tcp("{ port: 9000 }"),
    younger: tcp("{ port: 9000 }"),
    want: ["spec.tcp[0].match[0]"],
  },
  {
    name: "a TCP rule for all ports",
    older: `tcp: [{ ${route} }]`,
    younger: tcp("{ port: 9000 }"),
    want: ["spec.tcp[0].match[0]"],
  },
  {
    name: "all ports that the gateway has for them",
    older: tls("a.example.com", ", port: 443 }, { port: 444, sniHosts: [a.example.com]"),
    younger: tls("a.example.com"),
    want: ["spec.tls[0].match[0].sniHosts[0]"],
  },
  { name: "TLS and TCP", older: `tcp: [{ ${route} }]`, younger: tls("a.example.com"), want: [] },
  { name: "TCP rules where TLS arrives", older: tcp("{ port: 443 }"), younger: tcp("{ port: 443 }"), want: [] },
  {
    name: "other networks",
    older: tcp('{ destinationSubnets: ["10.0.0.0/9"] }'),
    younger: tcp('{ destinationSubnets: ["10.128.0.0/9"] }'),
    want: [],
  },
  {
    name: "a narrower network",
    older: tcp('{ destinationSubnets: ["10.0.0.0/8"] }'),
    younger: tcp('{ destinationSubnets: ["10.128.0.0/9"] }'),
    want: ["spec.tcp[0].match[0]"],
  },
  {
    name: "callers that the older does not take",
    older: tcp("{ port: 9000, sourceNamespace: a }"),
    younger: tcp("{ port: 9000 }"),
    want: [],
  },
])("takenConnections judges $name", ({ older, younger, want }) => {
  expect(found(virtualService("older", 1, older), virtualService("younger", 2, younger))).toEqual(want);
  expect(found(virtualService("younger", 2, younger), virtualService("older", 1, older))).toEqual([]);
});

test("takenConnections looks at all VirtualServices of a gateway, whatever their hosts", () => {
  const stored = virtualService("older", 1, tls("a.example.com"));
  const own = virtualService("younger", 2, tls("A.example.com")).replace("*.example.com", "a.example.com");
  expect(found(stored, own)).toEqual(["spec.tls[0].match[0].sniHosts[0]"]);
});

test("takenConnections names a connection", () => {
  const world = worldOf(gateway, virtualService("older", 1, tls("a.example.com")));
  const candidate = objectOf(virtualService("younger", 2, tls("a.example.com")));
  expect(reviewBy([takenConnections], candidate, world, buildSnapshot(world))).toMatchObject([
    { connection: { serverName: "a.example.com", port: 443 }, others: [{ name: "older" }] },
  ]);
});

test("takenConnections leaves rules on other gateways alone", () => {
  const stored = virtualService("older", 1, tls("a.example.com"), "other");
  expect(found(stored, virtualService("younger", 2, tls("a.example.com")))).toEqual([]);
});
