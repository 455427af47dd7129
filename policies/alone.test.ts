// Values that Istio refuses, each beside one that it takes: rules about one object alone.
import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../model/build.ts";
import { objectOf, worldOf } from "../model/testing/world-of.ts";
import { review } from "./review.ts";

const world = worldOf();
const snapshot = buildSnapshot(world);

/** Codes of the errors of an object of that kind; or of other findings. */
function denied(kind: string, spec: string, wanted = "error"): readonly string[] {
  const group = kind === "WasmPlugin" ? "extensions.istio.io/v1alpha1" : "networking.istio.io/v1";
  const object = objectOf(
    `{ apiVersion: ${group}, kind: ${kind}, metadata: { name: a, namespace: shop }, spec: ${spec} }`,
  );
  const findings = review(object, world, snapshot).filter(({ severity }) => severity === wanted);
  return [...new Set(findings.map(({ code }) => code))];
}

const policy = (text: string) => `{ host: a, trafficPolicy: { ${text} } }`;
const tunnel = (protocol: string, host: string, port: number) =>
  policy(`tunnel: { protocol: ${protocol}, targetHost: "${host}", targetPort: ${port} }`);
const maglev = (size: string) => policy(`loadBalancer: { consistentHash: { useSourceIp: true, maglev: { ${size} } } }`);
const subset = (name: string) => `{ host: a, subsets: [{ name: ${name} }] }`;

describe("DestinationRule", () => {
  test.each([
    { spec: tunnel("CONNECT", "www.example.com", 443), want: [] },
    { spec: tunnel("POST", "10.0.0.1", 443), want: [] },
    { spec: tunnel("GET", "www.example.com", 443), want: ["PIL1312"] },
    { spec: tunnel("CONNECT", "*.example.com", 443), want: ["PIL1312"] },
    { spec: tunnel("CONNECT", "www.example.com", 65_536), want: ["PIL1312"] },
    { spec: maglev("tableSize: 65537"), want: [] },
    { spec: maglev(""), want: ["PIL1307"] },
    { spec: subset("v1-blue"), want: [] },
    { spec: subset("v1.2"), want: ["PIL1302"] },
    { spec: subset("v1_2"), want: ["PIL1302"] },
  ])("$want for $spec", ({ spec, want }) => {
    expect(denied("DestinationRule", spec)).toEqual(want);
  });
});

const entry = (hosts: string, resolution: string, protocols: readonly string[], more = "") => {
  const ports = protocols.map((protocol, index) => `{ number: ${80 + index}, name: p${index}, protocol: ${protocol} }`);
  return `{ hosts: [${hosts}], resolution: ${resolution}, ports: [${ports.join(", ")}], ${more} }`;
};
const socket = "endpoints: [{ address: unix:///app.sock }]";

describe("ServiceEntry", () => {
  test.each([
    { spec: entry("a.b, c.d", "DNS", ["HTTP", "TLS", "GRPC"]), want: [] },
    { spec: entry("a.b, c.d", "NONE", ["TCP"]), want: [] },
    { spec: entry("a.b", "DNS", ["TCP"]), want: [] },
    { spec: entry("a.b, c.d", "DNS", ["HTTP", "TCP"]), want: ["PIL1507"] },
    { spec: entry("a.b, c.d", "DNS", ["MONGO"]), want: ["PIL1507"] },
    { spec: entry("a.b", "STATIC", ["HTTP"], socket), want: [] },
    { spec: entry("a.b", "STATIC", ["HTTP", "HTTP"], socket), want: ["PIL1508"] },
    { spec: entry("a.b", "STATIC", ["HTTP", "HTTP"], "endpoints: [{ address: 1.1.1.1 }]"), want: [] },
  ])("$want for $spec", ({ spec, want }) => {
    expect(denied("ServiceEntry", spec)).toEqual(want);
  });
});

const http = (text: string) => `{ hosts: [a.b], http: [{ route: [{ destination: { host: a } }], ${text} }] }`;

describe("VirtualService", () => {
  test.each([
    { spec: http("match: [{ sourceNamespace: shop }]"), want: [] },
    { spec: http("match: [{ sourceNamespace: '' }]"), want: [] },
    { spec: http("match: [{ sourceNamespace: 'shop*' }]"), want: ["PIL1241"] },
    { spec: http("headers: { request: { set: { Host: a.b } } }"), want: [] },
    { spec: http("headers: { request: { set: { ':authority': a.b } } }"), want: [] },
    { spec: http("headers: { request: { remove: [host] } }"), want: ["PIL1223"] },
    { spec: http("headers: { response: { set: { Host: a.b } } }"), want: ["PIL1223"] },
    { spec: http("headers: { response: { add: { ':authority': a.b } } }"), want: ["PIL1223"] },
    { spec: http("headers: { response: { remove: [x-host] } }"), want: [] },
  ])("$want for $spec", ({ spec, want }) => {
    expect(denied("VirtualService", spec)).toEqual(want);
  });
});

test.each([
  { url: "oci://example.com/a", want: [] },
  { url: "file:///a.wasm", want: [] },
  { url: "oci:///a", want: ["PIL1911"] },
])("WasmPlugin: $want for $url", ({ url, want }) => {
  expect(denied("WasmPlugin", `{ url: "${url}" }`)).toEqual(want);
});

const tls = (text: string) =>
  `{ servers: [{ port: { number: 443, name: a, protocol: TLS }, hosts: [a.b], tls: { ${text} } }] }`;
const body = (length: number) =>
  `{ hosts: [a.b], http: [{ directResponse: { status: 200, body: { bytes: ${"YWFh".repeat(length / 3)} } } }] }`;

test.each([
  {
    kind: "Sidecar",
    name: "its own namespace by name",
    spec: "{ egress: [{ hosts: ['./*', shop/a.b] }] }",
    code: "PIL1706",
  },
  { kind: "Sidecar", name: "another namespace", spec: "{ egress: [{ hosts: ['./*', bank/a.b] }] }" },
  {
    kind: "Gateway",
    name: "certificates where nobody says the mode",
    spec: tls("credentialNames: [a]"),
    code: "PIL1405",
  },
  { kind: "Gateway", name: "certificates of a server", spec: tls("mode: SIMPLE, credentialName: a") },
  { kind: "VirtualService", name: "a large body of bytes", spec: body(102_402), code: "PIL1225" },
  { kind: "VirtualService", name: "a body of bytes", spec: body(30_000) },
])("$kind: warns of $name with $code", ({ kind, spec, code }) => {
  const own = denied(kind, spec, "warning").filter((found) => ["PIL1706", "PIL1405", "PIL1225"].includes(found));
  expect(own).toEqual(code === undefined ? [] : [code]);
});

const server = (protocol: string) =>
  `{ servers: [{ port: { number: 80, name: a, protocol: ${protocol} }, hosts: [a.b] }] }`;

test.each([
  ...["HTTP", "http2", "GRPC", "gRPC-Web", "HTTP_PROXY", "TCP", "Mongo", "REDIS", "MySQL"].map((protocol) => ({
    protocol,
    want: [],
  })),
  { protocol: "UDP", want: ["PIL9101"] },
  { protocol: "udp", want: ["PIL9101"] },
  { protocol: "AUTO", want: ["PIL1402"] },
])("Gateway: $want for a server of $protocol", ({ protocol, want }) => {
  const found = ["error", "warning"].flatMap((severity) => denied("Gateway", server(protocol), severity));
  expect(found.filter((code) => code === "PIL1402" || code === "PIL9101")).toEqual(want);
});

const hosts = (names: readonly string[]) =>
  JSON.stringify({ hosts: names, gateways: ["edge"], tcp: [{ route: [{ destination: { host: "a" } }] }] });
const many = Array.from({ length: 20_000 }, (_, index) => `h${index}.example.com`);

test.each([
  { name: "different hosts", given: ["a.b", "b.b", "*.c"], want: [] },
  { name: "a host twice", given: ["a.b", "c.d", "a.b"], want: ["PIL1209"] },
  { name: "a host under a later wildcard", given: ["a.b", "*.b"], want: ["PIL1209"] },
  { name: "a host under an earlier wildcard", given: ["*.b", "a.b"], want: ["PIL1209"] },
  { name: "a wildcard under another", given: ["*.c.b", "*.b"], want: ["PIL1209"] },
  { name: "everything and a host", given: ["*", "a.b"], want: ["PIL1209"] },
  { name: "the domain of a wildcard", given: ["*.b.c", "b.c"], want: [] },
  { name: "more hosts than pairs could be tried of", given: many, want: [] },
])("VirtualService: $want for $name", ({ given, want }) => {
  expect(denied("VirtualService", hosts(given))).toEqual(want);
});
