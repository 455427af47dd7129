import { describe, expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import type { AnyRule } from "../rule.ts";
import { imageAuto, missingProxy } from "./missing-proxy.ts";
import { ambient, notInjected, oneInjectionLabel } from "./namespaces.ts";
import { proxyImages } from "./proxy-images.ts";
import { proxyUser } from "./proxy-user.ts";
import { sharedTargets, sharedTransports } from "./shared-ports.ts";

/** "CODE path", with Istio's code where it has one. */
function found(rules: readonly AnyRule[], candidate: string, ...stored: readonly string[]): readonly string[] {
  const world = worldOf(...stored);
  return reviewBy(rules, objectOf(candidate), world, buildSnapshot(world)).map(
    ({ code, alias, path }) => `${code} ${alias ?? "-"} ${path}`,
  );
}

const namespace = (labels: string, name = "shop") =>
  `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name}, labels: { ${labels} } } }`;
const injected = namespace("istio-injection: enabled");
const pod = (spec = "", metadata = "", more = "") => `
apiVersion: v1
kind: Pod
metadata: { name: reviews, namespace: shop, ${metadata} }
spec: { containers: [{ name: app, image: example.com/app }], ${spec} }
${more}`;
const deployment = (spec = "containers: [{ name: app }]", labels = "app: reviews") => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: reviews, namespace: shop }
spec: { template: { metadata: { labels: { ${labels} } }, spec: { ${spec} } } }`;
const values = (text: string, name = "istio-sidecar-injector") =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "istio-system" },
    data: { values: text },
  });
const everywhere = values("sidecarInjectorWebhook: { enableNamespacesByDefault: true }");

describe("labels of namespaces", () => {
  const several = ["PIL5101 IST0123 metadata.labels"];
  const none = ["PIL5102 IST0102 metadata.labels"];
  test.each([
    { name: "two that ask", labels: "istio-injection: enabled, istio.io/rev: canary", want: several },
    { name: "a revision and ambient", labels: "istio.io/rev: canary, istio.io/dataplane-mode: ambient", want: several },
    { name: "one that refuses beside one that asks", labels: "istio-injection: disabled, istio.io/rev: a", want: [] },
    { name: "ambient mode that is off", labels: "istio-injection: enabled, istio.io/dataplane-mode: none", want: [] },
    { name: "none", labels: "team: shop", want: none },
    { name: "one that refuses", labels: "istio-injection: disabled", want: [] },
    { name: "a revision", labels: "istio.io/rev: canary", want: [] },
  ])("oneInjectionLabel and notInjected judge $name", ({ labels, want }) => {
    expect(found([oneInjectionLabel, notInjected], namespace(labels))).toEqual(want);
  });

  test.each(["kube-system", "istio-system"])("notInjected leaves %s alone", (name) => {
    expect(found([notInjected], namespace("", name))).toEqual([]);
  });

  test("notInjected says that pods are injected where the installation does so by default", () => {
    expect(found([notInjected], namespace(""), everywhere)).toEqual(["PIL5102 IST0148 metadata.labels"]);
    expect(found([notInjected], namespace(""), values("{"))).toEqual(none);
  });

  const sidecar =
    "{ apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: { name: a, namespace: shop }, spec: {} }";
  const mode = "istio.io/dataplane-mode: ambient";
  test.each([
    {
      name: "a namespace",
      given: namespace(mode),
      stored: [],
      want: [`PIL9103 - metadata.labels["${mode.split(":")[0]}"]`],
    },
    {
      name: "a Sidecar there",
      given: sidecar,
      stored: [namespace(mode)],
      want: ["PIL9103 IST0167 metadata.namespace"],
    },
    {
      name: "a Sidecar where proxies are, too",
      given: sidecar,
      stored: [namespace(`${mode}, istio-injection: enabled`)],
      want: [],
    },
    { name: "a Sidecar elsewhere", given: sidecar, stored: [namespace("")], want: [] },
    { name: "a Sidecar of an unknown namespace", given: sidecar, stored: [], want: [] },
  ])("ambient judges $name", ({ given, stored, want }) => {
    expect(found([ambient], given, ...stored)).toEqual(want);
  });
});

describe("pods without proxy", () => {
  const missing = ["PIL5103 IST0103 spec.containers"];
  test.each([
    { name: "an injected namespace", given: pod(), stored: [injected], want: missing },
    { name: "a namespace with a revision", given: pod(), stored: [namespace("istio.io/rev: a")], want: missing },
    {
      name: "an installation that injects by default",
      given: pod(),
      stored: [namespace(""), everywhere],
      want: missing,
    },
    { name: "a namespace without labels", given: pod(), stored: [namespace("")], want: [] },
    { name: "a namespace that refuses", given: pod(), stored: [namespace("istio-injection: disabled")], want: [] },
    { name: "a namespace that nobody knows", given: pod(), stored: [], want: [] },
    {
      name: "a pod that refuses by label",
      given: pod("", 'labels: { sidecar.istio.io/inject: "false" }'),
      stored: [injected],
      want: [],
    },
    {
      name: "a pod that refuses by annotation",
      given: pod("", 'annotations: { sidecar.istio.io/inject: "false" }'),
      stored: [injected],
      want: [],
    },
    { name: "the node's network", given: pod("hostNetwork: true"), stored: [injected], want: [] },
    { name: "Windows", given: pod("os: { name: windows }"), stored: [injected], want: [] },
    { name: "a pod that is over", given: pod("", "", "status: { phase: Succeeded }"), stored: [injected], want: [] },
    {
      name: "a native sidecar",
      given: pod("initContainers: [{ name: istio-proxy, restartPolicy: Always }]"),
      stored: [injected],
      want: [],
    },
  ])("missingProxy judges $name", ({ given, stored, want }) => {
    expect(found([missingProxy], given, ...stored)).toEqual(want);
  });

  const auto = "containers: [{ name: app }, { name: istio-proxy, image: auto }]";
  test.each([
    { name: "a pod", given: pod(auto), stored: [], want: ["PIL5104 IST0147 spec.containers[1].image"] },
    {
      name: "a Deployment",
      given: deployment(auto),
      stored: [],
      want: ["PIL5104 IST0146 spec.template.spec.containers[1].image"],
    },
    {
      name: "a Deployment that asks",
      given: deployment(auto, 'sidecar.istio.io/inject: "true"'),
      stored: [],
      want: [],
    },
    { name: "an injected namespace", given: deployment(auto), stored: [injected], want: [] },
    { name: "another image", given: pod("containers: [{ name: istio-proxy, image: a/auto }]"), stored: [], want: [] },
    { name: "another container", given: pod("containers: [{ name: app, image: auto }]"), stored: [], want: [] },
  ])("imageAuto judges $name", ({ given, stored, want }) => {
    expect(
      found([imageAuto], given.replace("containers: [{ name: app, image: example.com/app }], ", ""), ...stored),
    ).toEqual(want);
  });
});

const user = (id: number) => `securityContext: { runAsUser: ${id} }`;
test.each([
  { name: "a pod", given: pod(user(1337)), want: ["PIL5005 IST0144 spec.securityContext.runAsUser"] },
  {
    name: "a container of a Deployment",
    given: deployment(`containers: [{ name: a, ${user(1)} }, { name: app, ${user(1337)} }]`),
    want: ["PIL5005 IST0144 spec.template.spec.containers[1].securityContext.runAsUser"],
  },
  { name: "another user", given: pod(user(1338)), want: [] },
  { name: "the proxy itself", given: deployment(`containers: [{ name: istio-proxy, ${user(1337)} }]`), want: [] },
  { name: "the node's network", given: pod(`${user(1337)}, hostNetwork: true`), want: [] },
  { name: "what is no number", given: pod("securityContext: { runAsUser: '1337' }"), want: [] },
])("proxyUser judges $name", ({ given, want }) => {
  expect(found([proxyUser], given)).toEqual(want);
});

const image = (proxy: string, metadata = "") =>
  pod("", metadata).replace("[{ name: app,", `[{ name: istio-proxy, image: "${proxy}" }, { name: app,`);
const whole = values("global: { proxy: { image: example.com/proxy:2.0 } }");
const old = ["PIL5107 IST0158 metadata.labels"];
test.each([
  { name: "an older proxy", stored: [whole, image("example.com/proxy:1.9")], want: old },
  {
    name: "an older proxy by hub and tag",
    stored: [
      values("global: { hub: example.com, tag: 2.0.1, proxy: { image: proxy } }"),
      image("example.com/proxy:1.9"),
    ],
    want: old,
  },
  { name: "the same", stored: [whole, image("example.com/proxy:2.0")], want: [] },
  { name: "a variant of the same", stored: [whole, image("example.com/proxy:2.0-distroless")], want: [] },
  {
    name: "a proxy that the pod chose",
    stored: [whole, image("a:1", "annotations: { sidecar.istio.io/proxyImage: 'a:1' }")],
    want: [],
  },
  { name: "a pod without proxy", stored: [whole, pod()], want: [] },
  { name: "values that nobody has", stored: [image("a:1")], want: [] },
  {
    name: "values of another revision",
    stored: [values("global: { proxy: { image: a/b } }", "istio-sidecar-injector-blue"), image("a:1")],
    want: [],
  },
  {
    name: "values of a tag",
    stored: [
      values("{ revisionTags: [default], global: { proxy: { image: a/b } } }", "istio-sidecar-injector-blue"),
      image("a:1"),
    ],
    want: old,
  },
])("proxyImages judges $name", ({ stored, want }) => {
  expect(found([proxyImages], injected, ...stored)).toEqual(want);
});

const service = (name: string, port: string, selector = "app: reviews", space = "shop") => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${space} }
spec: { selector: { ${selector} }, ports: [{ ${port} }] }`;
const transports = ["PIL5105 IST0116 spec.template.metadata.labels"];
const targets = ["PIL5106 IST0137 spec.template.metadata.labels"];
test.each([
  {
    name: "TCP and UDP",
    services: [service("a", "port: 80"), service("b", "port: 80, protocol: UDP")],
    want: transports,
  },
  { name: "TCP twice", services: [service("a", "port: 80"), service("b", "port: 80, protocol: TCP")], want: [] },
  {
    name: "two numbers for one port",
    services: [service("a", "port: 80, targetPort: 8080"), service("b", "port: 81, targetPort: 8080")],
    want: targets,
  },
  {
    name: "the port itself",
    services: [service("a", "port: 8080"), service("b", "port: 81, targetPort: 8080")],
    want: targets,
  },
  {
    name: "two ports",
    services: [service("a", "port: 80, targetPort: 1"), service("b", "port: 81, targetPort: 2")],
    want: [],
  },
  {
    name: "other pods",
    services: [service("a", "port: 80"), service("b", "port: 80, protocol: UDP", "app: ratings")],
    want: [],
  },
  {
    name: "another namespace",
    services: [service("a", "port: 80"), service("b", "port: 80, protocol: UDP", "app: reviews", "bank")],
    want: [],
  },
  { name: "no selector", services: [service("a", "port: 80"), service("b", "port: 80, protocol: UDP", "")], want: [] },
])("sharedTransports and sharedTargets judge $name", ({ services, want }) => {
  expect(found([sharedTransports, sharedTargets], deployment(), injected, ...services)).toEqual(want);
  expect(found([sharedTransports, sharedTargets], deployment(), namespace(""), ...services)).toEqual([]);
});
