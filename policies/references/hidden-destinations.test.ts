import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { hiddenDestinations } from "./hidden-destinations.ts";

const namespaces = ["shop", "web", "tools", "istio-system"].map(
  (name) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }`,
);
const service = (name: string, exportTo: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, annotations: { networking.istio.io/exportTo: "${exportTo}" } }
spec: { clusterIP: 10.96.0.10, ports: [{ name: http, port: 80 }] }`;
const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }`;
const pod = `
apiVersion: v1
kind: Pod
metadata: { name: ingress-1, namespace: istio-system, labels: { istio: ingressgateway } }
spec: { containers: [{ name: istio-proxy }] }
status: { podIP: 10.1.0.9, phase: Running, conditions: [{ type: Ready, status: "True" }] }`;
const route = "route: [{ destination: { host: v2 } }]";
const virtualService = (more: string, match = "{}") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front, namespace: shop }
spec: { hosts: [front], http: [{ match: [${match}], ${route} }], ${more} }`;

const found = (candidate: string, front: string, v2: string) => {
  const world = worldOf(...namespaces, service("front", front), service("v2", v2), gateway, pod);
  return reviewBy([hiddenDestinations], objectOf(candidate), world, buildSnapshot(world)).map(({ problem }) => problem);
};
const tells = (names: string) => [`callers in ${names} follow these rules, and do not see Service shop/v2`];

test.each([
  { name: "all", more: "", front: "*", v2: ".", want: tells('"istio-system", "tools" or "web"') },
  { name: "named ones", more: "exportTo: [shop, web]", front: "*", v2: "shop,tools", want: tells('"web"') },
  { name: "a gateway's pods", more: "gateways: [edge]", front: ".", v2: ".", want: tells('"istio-system"') },
  {
    name: "a rule's own gateway",
    more: "gateways: [edge, mesh]",
    match: "{ gateways: [edge] }",
    front: "*",
    v2: "shop,web,tools",
    want: tells('"istio-system"'),
  },
  {
    name: "callers that a rule is for",
    more: "",
    match: "{ sourceNamespace: web }",
    front: "*",
    v2: "tools,shop",
    want: tells('"web"'),
  },
  { name: "what is exported to all", more: "", front: "*", v2: "*", want: [] },
  { name: "who cannot call the host either", more: "", front: ".", v2: ".", want: [] },
  { name: "rules for the same namespaces", more: "exportTo: [shop, web]", front: "*", v2: "shop,web", want: [] },
  {
    name: "callers that a rule is not for",
    more: "",
    match: "{ sourceNamespace: tools }",
    front: "*",
    v2: "tools,shop",
    want: [],
  },
  {
    name: "a gateway that does not follow it",
    more: 'gateways: [edge], exportTo: ["."]',
    front: "*",
    v2: ".",
    want: [],
  },
  { name: "a gateway that is not there", more: "gateways: [gone]", front: "*", v2: ".", want: [] },
  { name: "what its own namespace does not see", more: "", front: "*", v2: "web", want: [] },
])("hiddenDestinations judges $name", ({ more, match, front, v2, want }) => {
  expect(found(virtualService(more, match), front, v2)).toEqual(want);
});

test("hiddenDestinations takes a host that is no service for one that all may call", () => {
  const candidate = virtualService("").replace("hosts: [front]", "hosts: [www.example.com]");
  expect(found(candidate, ".", ".")).toEqual(tells('"istio-system", "tools" or "web"'));
});
