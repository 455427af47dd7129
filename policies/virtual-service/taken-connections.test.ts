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
  servers: [{ port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }]`;
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
  { name: "one TCP port", older: tcp("{ port: 443 }"), younger: tcp("{ port: 443 }"), want: ["spec.tcp[0].match[0]"] },
  {
    name: "a TCP rule for all ports",
    older: `tcp: [{ ${route} }]`,
    younger: tcp("{ port: 443 }"),
    want: ["spec.tcp[0].match[0]"],
  },
  { name: "TLS and TCP", older: tcp("{ port: 443 }"), younger: tls("a.example.com"), want: [] },
])("takenConnections judges $name", ({ older, younger, want }) => {
  expect(found(virtualService("older", 1, older), virtualService("younger", 2, younger))).toEqual(want);
  expect(found(virtualService("younger", 2, younger), virtualService("older", 1, older))).toEqual([]);
});

test("takenConnections leaves rules on other gateways alone", () => {
  const stored = virtualService("older", 1, tls("a.example.com"), "other");
  expect(found(stored, virtualService("younger", 2, tls("a.example.com")))).toEqual([]);
});
