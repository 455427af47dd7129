import { describe, expect, test } from "vitest";
import { buildSnapshot } from "./build.ts";
import { gatewayHosts, gatewayListeners } from "./gateways.ts";
import { shop } from "./testing/shop.ts";
import { worldOf } from "./testing/world-of.ts";

const edge = `
apiVersion: v1
kind: Service
metadata: { name: edge, namespace: istio-system }
spec: { clusterIP: 10.96.1.1, selector: { istio: ingressgateway }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: edge-1, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy }] }
status: { podIP: 10.1.9.1 }`;

const gateway = (name: string, servers: string, metadata = "") => `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: shop${metadata} }
spec: { selector: { istio: ingressgateway }, servers: ${servers} }`;
const http = (hosts: string, more = "") =>
  `{ port: { number: 80, name: http, protocol: HTTP }, hosts: ${hosts} ${more} }`;

const rules = (name: string, hosts: string, list: string, more = "") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop }
spec:
  hosts: ${hosts}
  gateways: [edge]
  http: ${list}
${more}`;
const to = (name: string) => `name: ${name}, route: [{ destination: { host: ratings } }]`;

function built(...yaml: readonly string[]) {
  const snapshot = buildSnapshot(worldOf(...shop, edge, ...yaml));
  const workload = snapshot.workloads.get("istio-system/edge-1");
  if (workload === undefined) throw new Error("there is no gateway pod");
  const listeners = gatewayListeners(snapshot, workload);
  const hosts = listeners.map((listener) => gatewayHosts(snapshot, workload, listener));
  return {
    listeners,
    hosts: hosts.flat().map(({ domains, rules: found, httpsRedirect }) => ({
      domain: domains.join(),
      rules: found.map(({ spec }) => spec.name),
      httpsRedirect,
    })),
  };
}

describe("gatewayListeners()", () => {
  test("bind the target port of the gateway's Service, and the number itself where it has none", () => {
    const other = '{ port: { number: 9000, name: tcp, protocol: TCP }, hosts: ["*"] }';
    const { listeners } = built(gateway("edge", `[${http('["*"]')}, ${other}]`));
    expect(listeners.map(({ port, protocol }) => [port, protocol])).toEqual([
      [8080, "http"],
      [9000, "tcp"],
    ]);
  });

  test("merge Gateways for the same pods, and leave out what cannot share the port with an older one", () => {
    const tcp = '{ port: { number: 80, name: tcp, protocol: TCP }, hosts: ["*"] }';
    const { listeners } = built(
      gateway("a", `[${http('["a.example"]')}]`, ', creationTimestamp: "2024-01-01T00:00:00Z"'),
      gateway(
        "b",
        `[${http('["b.example", "./c.example", "other/d.example"]')}]`,
        ', creationTimestamp: "2024-01-02T00:00:00Z"',
      ),
      gateway("c", `[${tcp}]`, ', creationTimestamp: "2024-01-03T00:00:00Z"'),
    );
    expect(listeners).toHaveLength(1);
    expect(
      listeners[0]?.servers.flatMap(({ gateway: { name }, hosts }) =>
        hosts.map(({ namespace, host }) => `${name}: ${namespace}/${host}`),
      ),
    ).toEqual(["a: */a.example", "b: */b.example", "b: shop/c.example", "b: other/d.example"]);
  });

  test("are none for pods that no Gateway selects", () => {
    expect(built(gateway("edge", `[${http('["*"]')}]`).replace("ingressgateway", "egressgateway")).listeners).toEqual(
      [],
    );
  });
});

describe("gatewayHosts()", () => {
  const open = gateway("edge", `[${http('["*"]')}]`);
  test("merge VirtualServices for a host, oldest first, rules that match everything last", () => {
    const { hosts } = built(
      open,
      rules("a", "[www.example]", `[{ match: [{ uri: { exact: /a } }], ${to("a")} }, { ${to("all")} }]`),
      rules("b", "[www.example]", `[{ match: [{ uri: { exact: /b } }, { uri: { prefix: / } }], ${to("b")} }]`),
    );
    expect(hosts).toEqual([{ domain: "www.example", rules: ["a", "b", "all", "b"], httpsRedirect: false }]);
  });

  test.each([
    { server: '["*.example"]', wanted: "[www.example]", want: ["www.example"] },
    { server: "[www.example]", wanted: '["*"]', want: ["www.example"] },
    { server: '["*.example"]', wanted: "[www.other]", want: [] },
    { server: '["other/*"]', wanted: "[www.example]", want: [] },
    { server: '["./*"]', wanted: "[www.example]", want: ["www.example"] },
    { server: '["*"]', wanted: '[www.example, "*.example"]', want: ["www.example", "*.example"] },
  ])("are for server $server and VirtualService $wanted $want", ({ server, wanted, want }) => {
    const { hosts } = built(gateway("edge", `[${http(server)}]`), rules("a", wanted, `[{ ${to("all")} }]`));
    expect(hosts.map(({ domain }) => domain)).toEqual(want);
  });

  test("leave out rules for other gateways and hosts that are exported elsewhere", () => {
    const list = `[{ match: [{ gateways: [mesh] }], ${to("inside")} }, { match: [{ gateways: [edge] }], ${to("outside")} }]`;
    const both = rules("a", "[www.example]", list).replace("[edge]", "[edge, mesh]");
    expect(built(open, both).hosts).toMatchObject([{ rules: ["outside"] }]);
    expect(built(open, rules("a", "[www.example]", `[{ ${to("a")} }]`, "  exportTo: [shop]")).hosts).toEqual([]);
  });

  test("redirect to HTTPS where a server says so, with and without rules", () => {
    const redirect = gateway("edge", `[${http("[www.example, api.example]", ", tls: { httpsRedirect: true }")}]`);
    expect(built(redirect, rules("a", "[www.example]", `[{ ${to("a")} }]`)).hosts).toEqual([
      { domain: "api.example", rules: [], httpsRedirect: true },
      { domain: "www.example", rules: ["a"], httpsRedirect: true },
    ]);
  });
});
