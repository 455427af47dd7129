import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { unservedRules } from "./unserved-rules.ts";

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  servers:
    - { port: { number: 80, name: http, protocol: HTTP }, hosts: [a.example] }
    - { port: { number: 443, name: through, protocol: TLS }, hosts: ["*"], tls: {} }
    - { port: { number: 9000, name: mongo, protocol: MONGO }, hosts: ["*"] }
    - { port: { number: 9443, name: opened, protocol: TLS }, hosts: ["*"], tls: { mode: ISTIO_MUTUAL } }`;
const candidate = (rules: string, hosts = "a.example", gateways = "[edge]") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a, namespace: shop }
spec: { hosts: [${hosts}], gateways: ${gateways}, ${rules} }`;

const route = "route: [{ destination: { host: echo } }]";
const tls = (match: string) => `tls: [{ match: [{ sniHosts: [a.example], ${match} }], ${route} }]`;
const tcp = (match: string) => `tcp: [{ match: [{ ${match} }], ${route} }]`;

test.each([
  { name: "TLS on a port that passes it on", given: candidate(tls("port: 443")), want: [] },
  { name: "TLS without a port", given: candidate(tls("")), want: [] },
  {
    name: "TLS on a port that nobody serves",
    given: candidate(tls("port: 8443")),
    want: [
      {
        path: "spec.tls[0].match[0]",
        problem: "no server of shop/edge takes TLS that is passed on unopened on port 8443",
        fix: "Write port: 443, or add a server for that port",
      },
    ],
  },
  {
    name: "TLS on a port that opens it",
    given: candidate(tls("port: 9443")),
    want: [{ fix: "Write port: 443, or add a server for that port" }],
  },
  { name: "bytes out of TLS", given: candidate(tcp("port: 9443")), want: [] },
  { name: "bytes", given: candidate(tcp("port: 9000")), want: [] },
  {
    name: "bytes on the port of requests",
    given: candidate(tcp("port: 80")),
    want: [{ path: "spec.tcp[0].match[0]", fix: "Write port: 9000 or 9443, or add a server for that port" }],
  },
  { name: "requests", given: candidate(`http: [{ ${route} }]`), want: [] },
  {
    name: "requests for a host that only servers of bytes have",
    given: candidate(`http: [{ ${route} }]`, "b.example"),
    want: [
      {
        path: "spec.http[0]",
        problem: "no server of shop/edge takes requests",
        fix: "Add a server of protocol HTTP, or HTTPS and tls.mode SIMPLE, or write the rule for what the servers take",
      },
    ],
  },
  { name: "rules that act in the mesh", given: candidate(tcp("port: 80"), "a.example", "[edge, mesh]"), want: [] },
  {
    name: "a match for the gateway alone",
    given: candidate(tcp("port: 80, gateways: [edge]"), "a.example", "[edge, mesh]"),
    want: [{ path: "spec.tcp[0].match[0]" }],
  },
  { name: "a Gateway that is not there", given: candidate(tcp("port: 80"), "a.example", "[other]"), want: [] },
])("unservedRules judges $name", ({ given, want }) => {
  const world = worldOf(gateway);
  const findings = reviewBy([unservedRules], objectOf(given), world, buildSnapshot(world));
  expect(findings).toMatchObject(want);
  expect(findings).toHaveLength(want.length);
});
