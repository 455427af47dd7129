import { expect, test } from "vitest";
import { buildSnapshot } from "../model/build.ts";
import { worldOf } from "../model/testing/world-of.ts";
import { review } from "../policies/review.ts";
import { danglingWithout } from "./dangling.ts";

const world = worldOf(
  `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }`,
  `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: api, namespace: shop }
spec: { hosts: [api.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }`,
  `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: api, namespace: shop }
spec: { host: api.example.com, subsets: [{ name: v1, labels: { version: v1 } }] }`,
  `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [www.example.com]
  gateways: [edge]
  http: [{ route: [{ destination: { host: api.example.com, subset: v1 } }, { destination: { host: gone.example.com } }] }]`,
);
const judge = (candidate: Parameters<typeof review>[0], around: typeof world) =>
  review(candidate, around, buildSnapshot(around));

test.each([
  { kind: "DestinationRule", name: "api", want: ["PIL2103 web"] },
  { kind: "ServiceEntry", name: "api", want: ["PIL2101 web"] },
  { kind: "Gateway", name: "edge", want: ["PIL2102 web"] },
  { kind: "VirtualService", name: "web", want: [] },
  { kind: "Gateway", name: "unknown", want: [] },
  { kind: "Secret", name: "edge", want: [] },
])("danglingWithout() tells $want when $kind $name goes", ({ kind, name, want }) => {
  const found = danglingWithout({ kind, namespace: "shop", name }, world, judge);
  expect(
    found.map(({ code, object, severity }) => `${code} ${object.name}${severity === "warning" ? "" : "!"}`),
  ).toEqual(want);
});
