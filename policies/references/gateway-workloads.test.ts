import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import type { AnyRule } from "../rule.ts";
import { unreadClaims } from "./claims.ts";
import { unknownHost } from "./destinations.ts";
import { gatewayPorts, gatewayWorkloads } from "./gateway-workloads.ts";
import { unknownRuleHost } from "./rule-hosts.ts";

function found(rules: readonly AnyRule[], candidate: string, ...stored: readonly string[]): readonly string[] {
  const world = worldOf(...stored);
  return reviewBy(rules, objectOf(candidate), world, buildSnapshot(world)).map(({ code, path }) => `${code} ${path}`);
}

const networking = "networking.istio.io/v1";
const object = (kind: string, spec: string, name = "shop", apiVersion = networking, metadata = "") =>
  `{ apiVersion: ${apiVersion}, kind: ${kind}, metadata: { name: ${name}, namespace: shop, ${metadata} }, spec: ${spec} }`;
const pod = (labels = "istio: edge", ports = "") =>
  object("Pod", `{ containers: [{ name: istio-proxy, ports: [${ports}] }] }`, "edge-1", "v1", `labels: { ${labels} }`);
const service = (port: string, selector = "istio: edge") =>
  object(
    "Service",
    `{ clusterIP: 10.96.0.1, selector: { ${selector} }, ports: [{ name: http, ${port} }] }`,
    "edge",
    "v1",
  );
const gateway = (port = 80, selector = "istio: edge") =>
  object(
    "Gateway",
    `{ selector: { ${selector} }, servers: [{ port: { number: ${port}, name: a, protocol: HTTP }, hosts: ["*"] }] }`,
  );

const selector = ["PIL2113 spec.selector"];
const number = ["PIL2114 spec.servers[0].port.number"];
test.each([
  { name: "pods that there are not", given: gateway(80, "istio: egde"), stored: [pod()], want: selector },
  { name: "a world without pods", given: gateway(), stored: [], want: [] },
  { name: "no selector", given: gateway(80, ""), stored: [pod()], want: [] },
  {
    name: "a port of the Service",
    given: gateway(80),
    stored: [pod(), service("port: 80, targetPort: 8080")],
    want: [],
  },
  {
    name: "the port that it leads to",
    given: gateway(8080),
    stored: [pod(), service("port: 80, targetPort: 8080")],
    want: [],
  },
  {
    name: "a port that it may lead to by name",
    given: gateway(8080),
    stored: [pod("istio: edge", "{ name: web, containerPort: 8080 }"), service("port: 80, targetPort: web")],
    want: [],
  },
  { name: "another port", given: gateway(8004), stored: [pod(), service("port: 80, targetPort: 8080")], want: number },
  { name: "a port for UDP", given: gateway(80), stored: [pod(), service("port: 80, protocol: UDP")], want: number },
  { name: "no Service", given: gateway(80), stored: [pod()], want: number },
  {
    name: "a Service of other pods",
    given: gateway(80),
    stored: [pod(), service("port: 80", "istio: in")],
    want: number,
  },
])("gatewayWorkloads and gatewayPorts judge $name", ({ given, stored, want }) => {
  expect(found([gatewayWorkloads, gatewayPorts], given, ...stored)).toEqual(want);
});

const web = object("Service", "{ clusterIP: 10.96.0.2, ports: [{ name: http, port: 80 }] }", "web", "v1");
const outside = object(
  "ServiceEntry",
  '{ hosts: ["*.example.com"], ports: [{ number: 80, name: http, protocol: HTTP }] }',
);
test.each([
  { host: "web", stored: [web], want: [] },
  { host: "web.shop.svc.cluster.local", stored: [web], want: [] },
  { host: "'*.shop.svc.cluster.local'", stored: [web], want: [] },
  { host: "www.example.com", stored: [outside], want: [] },
  { host: "www.example.org", stored: [outside], want: ["PIL2116 spec.host"] },
  { host: "webb", stored: [web], want: ["PIL2116 spec.host"] },
  { host: "web.bank", stored: [web], want: ["PIL2116 spec.host"] },
  { host: "web", stored: [], want: [] },
])("unknownRuleHost says $want of $host", ({ host, stored, want }) => {
  expect(found([unknownRuleHost], object("DestinationRule", `{ host: ${host} }`), ...stored)).toEqual(want);
});

describe("unreadClaims", () => {
  const routes = (header: string, gateways = "[shop]") =>
    object(
      "VirtualService",
      `{ hosts: [a.b], gateways: ${gateways}, http: [{ match: [{ headers: { "${header}": { exact: a } } }] }] }`,
    );
  const tokens = (labels = "istio: edge", metadata = "namespace: shop") =>
    `{ apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: { name: a, ${metadata} }, spec: { selector: { matchLabels: { ${labels} } } } }`;
  const claim = "@request.auth.claims.group";
  const unread = [`PIL2117 spec.http[0].match[0].headers["${claim}"]`];
  test.each([
    { name: "a claim", given: routes(claim), stored: [gateway(), pod()], want: unread },
    { name: "a claim that is read", given: routes(claim), stored: [gateway(), pod(), tokens()], want: [] },
    {
      name: "a claim that is read everywhere",
      given: routes(claim),
      stored: [gateway(), pod(), tokens("", "namespace: istio-system")],
      want: [],
    },
    {
      name: "a claim that is read in another namespace",
      given: routes(claim),
      stored: [gateway(), pod(), tokens("istio: edge", "namespace: bank")],
      want: unread,
    },
    {
      name: "a claim that other pods read",
      given: routes(claim),
      stored: [gateway(), pod(), tokens("a: b")],
      want: unread,
    },
    { name: "a header", given: routes("x-group"), stored: [gateway(), pod()], want: [] },
    { name: "a gateway without pods", given: routes(claim), stored: [gateway()], want: [] },
    { name: "an unknown gateway", given: routes(claim, "[other]"), stored: [gateway(), pod()], want: [] },
  ])("judges $name", ({ given, stored, want }) => {
    expect(found([unreadClaims], given, ...stored)).toEqual(want);
  });
});

const hidden = (exportTo: string) =>
  object(
    "Service",
    "{ ports: [{ name: http, port: 80 }] }",
    "web",
    "v1",
    `annotations: { networking.istio.io/exportTo: "${exportTo}" }`,
  );
const at = ["PIL2101 spec.http[0].route[0].destination.host"];
test.each([
  { exportTo: "[bank]", service: hidden(".,bank"), want: [] },
  { exportTo: "[bank]", service: hidden("*"), want: [] },
  { exportTo: "[bank]", service: hidden("."), want: at },
  { exportTo: "[., bank, zoo]", service: hidden(".,bank"), want: at },
  { exportTo: '["*"]', service: hidden("."), want: [] },
])("unknownHost says $want where rules are exported to $exportTo", ({ exportTo, service: stored, want }) => {
  const given = object(
    "VirtualService",
    `{ hosts: [web], exportTo: ${exportTo}, http: [{ route: [{ destination: { host: web } }] }] }`,
  );
  expect(found([unknownHost], given, stored)).toEqual(want);
});
