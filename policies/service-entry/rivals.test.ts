import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { portAlone } from "./port-alone.ts";
import { rivalHosts } from "./rival-hosts.ts";
import { rivalAddresses } from "./rivals.ts";

const entry = (name: string, spec: string) => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${name.split("/")[1]}, namespace: ${name.split("/")[0]} }
spec: { ${spec} }`;
const service = (port: string) => `
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: shop }
spec: { clusterIP: 10.96.0.7, ports: [${port}] }`;
const found = (list: typeof rivalHosts, stored: readonly string[], candidate: string) => {
  const world = worldOf(...stored);
  return reviewBy([list], objectOf(candidate), world, buildSnapshot(world)).map(
    ({ path, others: [other] }) => `${path} ${other?.namespace}/${other?.name}`,
  );
};

const host = (name: string, more = "") =>
  `hosts: [${name}], ports: [{ number: 80, name: http, protocol: HTTP }]${more}`;
test.each([
  { name: "one namespace", a: ["shop/a", host("www.example.com")], b: ["shop/b", host("WWW.example.com")], want: true },
  { name: "two namespaces", a: ["shop/a", host("www.example.com")], b: ["web/b", host("www.example.com")], want: true },
  {
    name: "what all see and one sees",
    a: ["shop/a", host("www.example.com", ", exportTo: [web]")],
    b: ["web/b", host("www.example.com", ', exportTo: ["*"]')],
    want: true,
  },
  { name: "other hosts", a: ["shop/a", host("www.example.com")], b: ["shop/b", host("api.example.com")], want: false },
  {
    name: "a wildcard and a name",
    a: ["shop/a", host('"*.example.com"')],
    b: ["shop/b", host("www.example.com")],
    want: false,
  },
  {
    name: "each for its own namespace",
    a: ["shop/a", host("www.example.com", ', exportTo: ["."]')],
    b: ["web/b", host("www.example.com", ', exportTo: ["."]')],
    want: false,
  },
  {
    name: "one for nobody",
    a: ["shop/a", host("www.example.com", ', exportTo: ["~"]')],
    b: ["web/b", host("www.example.com")],
    want: false,
  },
])("rivalHosts judges $name", ({ a: [left = "", leftSpec = ""], b: [right = "", rightSpec = ""], want }) => {
  expect(found(rivalHosts, [entry(left, leftSpec)], entry(right, rightSpec))).toEqual(
    want ? [`spec.hosts[0] ${left}`] : [],
  );
  expect(found(rivalHosts, [entry(right, rightSpec)], entry(left, leftSpec))).toEqual(
    want ? [`spec.hosts[0] ${right}`] : [],
  );
});

test.each([
  { name: "of its namespace", candidate: "shop/a", want: ["spec.hosts[0] shop/reviews"] },
  { name: "of another, which PIL3004 denies", candidate: "web/a", want: [] },
])("rivalHosts tells of a Service $name", ({ candidate, want }) => {
  const stored = service("{ name: http, port: 80 }");
  expect(found(rivalHosts, [stored], entry(candidate, host("reviews.shop.svc.cluster.local")))).toEqual(want);
});

const tcp = (name: string, number: number, more: string) =>
  `hosts: [${name}], ports: [{ number: ${number}, name: tcp, protocol: TCP }], ${more}`;
const fixed = "resolution: STATIC, endpoints: [{ address: 1.1.1.1 }]";
test.each([
  {
    name: "two hosts",
    stored: entry("shop/a", tcp("a.example", 5432, fixed)),
    own: tcp("b.example", 5432, fixed),
    want: ["spec.ports[0].number shop/a"],
  },
  {
    name: "HTTP on the number",
    stored: service("{ name: http, port: 5432 }"),
    own: tcp("b.example", 5432, fixed),
    want: ["spec.ports[0].number shop/reviews"],
  },
  {
    name: "other ports",
    stored: entry("shop/a", tcp("a.example", 5432, fixed)),
    own: tcp("b.example", 5433, fixed),
    want: [],
  },
  {
    name: "addresses",
    stored: entry("shop/a", tcp("a.example", 5432, `${fixed}, addresses: [10.0.0.1]`)),
    own: tcp("b.example", 5432, fixed),
    want: [],
  },
  {
    name: "what passes on",
    stored: entry("shop/a", tcp("a.example", 5432, "resolution: NONE")),
    own: tcp("b.example", 5432, "resolution: NONE"),
    want: [],
  },
  {
    name: "what is not seen",
    stored: entry("web/a", tcp("a.example", 5432, `${fixed}, exportTo: ["."]`)),
    own: tcp("b.example", 5432, fixed),
    want: [],
  },
  {
    name: "TLS, which names its host",
    stored: entry("shop/a", tcp("a.example", 443, fixed)),
    own: tcp("b.example", 443, fixed).replace("TCP", "TLS"),
    want: [],
  },
  {
    name: "bytes of a Service with an address",
    stored: service("{ name: tcp, port: 5432 }"),
    own: tcp("b.example", 5432, fixed),
    want: [],
  },
])("portAlone judges $name", ({ stored, own, want }) => {
  expect(found(portAlone, [stored], entry("shop/own", own))).toEqual(want);
});

test.each([
  {
    name: "the address of a Service",
    own: tcp("b.example", 9080, `${fixed}, addresses: [10.96.0.7]`),
    want: ["spec.addresses[0] shop/reviews"],
  },
  {
    name: "a network around it",
    own: tcp("b.example", 9080, `${fixed}, addresses: [10.96.0.7/32]`),
    want: ["spec.addresses[0] shop/reviews"],
  },
  {
    name: "a network wider than the mesh's own",
    own: tcp("b.example", 9080, `${fixed}, addresses: [10.0.0.0/8]`),
    want: [],
  },
  {
    name: "a network around it for another port",
    own: tcp("b.example", 9081, `${fixed}, addresses: [10.96.0.7/32]`),
    want: [],
  },
  {
    name: "a network for HTTP, which names its host",
    own: tcp("b.example", 9080, `${fixed}, addresses: [10.96.0.7/32]`).replace("TCP", "HTTP"),
    want: [],
  },
  { name: "another network", own: tcp("b.example", 9080, `${fixed}, addresses: [10.97.0.0/24]`), want: [] },
  { name: "no network", own: tcp("b.example", 9080, `${fixed}, addresses: [10.97.0.0/x, "", a/b/c]`), want: [] },
])("rivalAddresses judges $name", ({ own, want }) => {
  const range = `
apiVersion: v1
kind: Service
metadata: { name: other, namespace: shop }
spec: { clusterIP: 10.96.0.200, ports: [{ name: http, port: 80 }] }`;
  expect(found(rivalAddresses, [service("{ name: tcp, port: 9080 }"), range], entry("shop/own", own))).toEqual(want);
});
