import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { unreachableConnections } from "./unreachable-connections.ts";

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - { port: { number: 443, name: tls, protocol: TLS }, hosts: ["*"], tls: { mode: PASSTHROUGH } }
    - { port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }`;
const route = "route: [{ destination: { host: reviews } }]";
const rules = (...matches: readonly string[]) => matches.map((match) => `{ match: [${match}], ${route} }`).join(", ");

const found = (list: string, gateways = "edge") => {
  const world = worldOf(gateway);
  const candidate = objectOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: one, namespace: shop }
spec: { hosts: ["*.example.com"], gateways: [${gateways}], ${list} }`);
  return reviewBy([unreachableConnections], candidate, world, buildSnapshot(world)).map(({ path }) => path);
};
const a = "{ sniHosts: [a.example.com] }";

test.each([
  { name: "one name twice", list: `tls: [${rules(a, a)}]`, want: ["spec.tls[1]"] },
  {
    name: "one of two names",
    list: `tls: [${rules(a, "{ sniHosts: [b.example.com, A.example.com] }")}]`,
    want: ["spec.tls[1].match[0].sniHosts[1]"],
  },
  {
    name: "two names of two rules",
    list: `tls: [${rules(a, "{ sniHosts: [b.example.com] }", "{ sniHosts: [a.example.com, b.example.com] }")}]`,
    want: ["spec.tls[2]"],
  },
  { name: "a rule behind one for all", list: `tcp: [{ ${route} }, ${rules("{ port: 9000 }")}]`, want: ["spec.tcp[1]"] },
  {
    name: "the only port of the gateway",
    list: `tls: [${rules("{ sniHosts: [a.example.com], port: 443 }", a)}]`,
    want: ["spec.tls[1]"],
  },
  {
    name: "the same in the mesh, where more ports may be",
    gateways: "mesh",
    list: `tls: [${rules("{ sniHosts: [a.example.com], port: 443 }", a)}]`,
    want: [],
  },
  {
    name: "what another gateway still needs",
    gateways: "edge, mesh",
    list: `tls: [${rules("{ sniHosts: [a.example.com], gateways: [edge] }", a)}]`,
    want: [],
  },
  { name: "a name behind a wildcard", list: `tls: [${rules('{ sniHosts: ["*.example.com"] }', a)}]`, want: [] },
  { name: "a wildcard behind a name", list: `tls: [${rules(a, '{ sniHosts: ["*.example.com"] }')}]`, want: [] },
  { name: "matches of one rule", list: `tls: [${rules(`${a}, ${a}`)}]`, want: [] },
  { name: "other ports", list: `tcp: [${rules("{ port: 9000 }", "{ port: 9001 }")}]`, gateways: "mesh", want: [] },
  { name: "TLS behind TCP", list: `tcp: [{ ${route} }], tls: [${rules(a)}]`, want: [] },
  {
    name: "callers that the first does not take",
    list: `tcp: [${rules("{ sourceLabels: { app: a } }", "{ sourceLabels: { app: b } }", "{}")}]`,
    want: [],
  },
  {
    name: "empty lists",
    list: "tls: [{ match: [], route: [] }, { match: [{ sniHosts: [] }] }], tcp: [{ match: [] }]",
    want: [],
  },
])("unreachableConnections judges $name", ({ list, want, gateways }) => {
  expect(found(list, gateways)).toEqual(want);
});
