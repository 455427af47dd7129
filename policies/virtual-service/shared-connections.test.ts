import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { sharedConnections } from "./shared-connections.ts";

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 444, name: more, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 446, name: unsaid, protocol: TLS }, hosts: ["*"], tls: {} }
    - { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }`;
const virtualService = (name: string, day: number, rules: string, hosts = '"*.example.com"', more = "") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec: { hosts: [${hosts}], gateways: [edge], ${rules}${more} }`;
const route = "route: [{ destination: { host: reviews } }]";
const tls = (sni: string, more = "") => `tls: [{ match: [{ sniHosts: [${sni}]${more} }], ${route} }]`;
const tcp = (match: string) => `tcp: [{ match: [{ ${match} }], ${route} }]`;

const found = (stored: string, candidate: string) => {
  const world = worldOf(gateway, stored);
  return reviewBy([sharedConnections], objectOf(candidate), world, buildSnapshot(world));
};
const told = (stored: string, candidate: string) => found(stored, candidate).map(({ reason }) => reason);

test.each([
  {
    name: "a port of the older",
    older: tls("a.example.com", ", port: 444"),
    younger: tls("a.example.com"),
    want: "A TLS connection for a.example.com to port 444 is for both, and the older object, older, wins",
  },
  {
    name: "a port that passes TLS on because nobody says otherwise",
    older: tls("a.example.com", ", port: 446"),
    younger: tls("a.example.com"),
    want: "A TLS connection for a.example.com to port 446 is for both, and the older object, older, wins",
  },
  {
    name: "a name below the older's wildcard",
    older: tls('"*.example.com"'),
    younger: tls("a.example.com"),
    want: "A TLS connection for a.example.com to port 443 is for both, and the narrower server name, that of younger, wins",
  },
  {
    name: "a wildcard around the older's name",
    older: tls("a.example.com"),
    younger: tls('"*.example.com"'),
    want: "A TLS connection for a.example.com to port 443 is for both, and the narrower server name, that of older, wins",
  },
  {
    name: "wildcards",
    older: tls('"*.b.example.com"'),
    younger: tls('"*.example.com"'),
    want: "A TLS connection for any.b.example.com to port 443 is for both, and the narrower server name, that of older, wins",
  },
  {
    name: "networks",
    older: tcp('destinationSubnets: ["10.1.0.0/16"]'),
    younger: tcp('destinationSubnets: ["10.0.0.0/8"]'),
    want: "A TCP connection to 10.1.0.0 port 9000 is for both, and the older object, older, wins",
  },
])("sharedConnections tells of $name, whoever is applied", ({ older, younger, want }) => {
  const objects = [virtualService("older", 1, older), virtualService("younger", 2, younger)] as const;
  expect(told(objects[0], objects[1])).toEqual([want]);
  expect(told(objects[1], objects[0])).toEqual([want]);
});

test("sharedConnections tells when a stored object loses all to an older one that is changed", () => {
  const [finding, ...others] = found(
    virtualService("younger", 2, tls("a.example.com")),
    virtualService("older", 1, tls("a.example.com")),
  );
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    severity: "warning",
    path: "spec.tls[0].match[0].sniHosts[0]",
    others: [{ name: "younger" }],
    connection: { serverName: "a.example.com", port: 443 },
  });
  expect(finding?.reason).toContain("the older object, older, wins");
});

test.each([
  { name: "what PIL3105 denies", older: tls("a.example.com"), younger: tls("a.example.com"), hosts: undefined },
  { name: "other names", older: tls("a.example.com"), younger: tls("b.example.com"), hosts: undefined },
  {
    name: "other ports",
    older: tls("a.example.com", ", port: 443"),
    younger: tls("a.example.com", ", port: 444"),
    hosts: undefined,
  },
  {
    name: "other callers",
    older: tls("a.example.com", ", sourceNamespace: a"),
    younger: tls("a.example.com", ", sourceNamespace: b"),
    hosts: undefined,
  },
  {
    name: "other labels",
    older: tls("a.example.com", ", sourceLabels: { app: a }"),
    younger: tls("a.example.com", ", sourceLabels: { app: b }"),
    hosts: undefined,
  },
  {
    name: "other networks",
    older: tcp('destinationSubnets: ["10.0.0.0/9"]'),
    younger: tcp('destinationSubnets: ["10.128.0.0/9"]'),
    hosts: undefined,
  },
  {
    name: "what is no network",
    older: tcp('destinationSubnets: ["10.0.0.0/x", "a/999"]'),
    younger: tcp('destinationSubnets: ["10.0.0.0/y", "::/999"]'),
    hosts: undefined,
  },
  {
    name: "a port that no server has",
    older: tls("a.example.com", ", port: 445"),
    younger: tls("a.example.com", ", port: 445"),
    hosts: undefined,
  },
  { name: "TCP rules where TLS arrives", older: tcp("port: 443"), younger: tcp("port: 443"), hosts: undefined },
  {
    name: "a name of a host of its own below a wildcard",
    older: tls('"*.example.com"'),
    younger: tls("a.example.com"),
    hosts: "a.example.com",
  },
])("sharedConnections says nothing of $name", ({ older, younger, hosts }) => {
  expect(told(virtualService("older", 1, older), virtualService("younger", 2, younger, hosts))).toEqual([]);
});

test("sharedConnections leaves objects alone that no gateway sees together", () => {
  const stored = virtualService("older", 1, tls('"*.example.com"'), undefined, ", exportTo: [a]");
  const own = virtualService("younger", 2, tls("a.example.com"), undefined, ", exportTo: [b]");
  expect(told(stored, own)).toEqual([]);
  expect(told(stored, own.replace("[b]", '["*"]'))).toHaveLength(1);
});
