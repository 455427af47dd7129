import { describe, expect, test } from "vitest";
import { environmentOf, expand, fieldOf, resourceOf, type Surroundings, textsOf } from "./environment.ts";
import type { ContainerSpec, DataObject, Pod } from "./objects.ts";

const data = (kind: string, entries: Record<string, string>): DataObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name: "settings", namespace: "shop" },
  data: entries,
});
const around: Surroundings = {
  podAddress: "10.77.0.9",
  hostAddress: "10.77.0.1",
  nodeName: "node-1",
  capacity: { cpu: 4, memory: 2 ** 30 },
  configMap: (name) => (name === "settings" ? data("ConfigMap", { COLOR: "red", SIZE: "5" }) : undefined),
  secret: (name) => (name === "settings" ? data("Secret", { PIN: Buffer.from("1234").toString("base64") }) : undefined),
};
const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-1",
    namespace: "shop",
    uid: "u1",
    labels: { app: "web", "a/b": "c" },
    annotations: { note: "x" },
  },
  spec: { containers: [{ name: "web" }], serviceAccountName: "clerk" },
};

describe("expand()", () => {
  test.each([
    { text: "plain", want: "plain" },
    { text: "$(A)-$(B)", want: "1-2" },
    { text: "$(UNKNOWN)", want: "$(UNKNOWN)" },
    { text: "$$(A)", want: "$(A)" },
    { text: "$$$(A)", want: "$1" },
    { text: "$A $", want: "$A $" },
    { text: "$(A", want: "$(A" },
    { text: "a$$b", want: "a$b" },
  ])("makes $want of $text", ({ text, want }) => {
    expect(expand(text, { A: "1", B: "2" })).toBe(want);
  });
});

describe("fieldOf()", () => {
  test.each([
    ["metadata.name", "web-1"],
    ["metadata.namespace", "shop"],
    ["metadata.uid", "u1"],
    ["metadata.labels['app']", "web"],
    ["metadata.labels['a/b']", "c"],
    ["metadata.annotations['note']", "x"],
    ["metadata.labels", 'app="web"\na/b="c"'],
    ["spec.nodeName", "node-1"],
    ["spec.serviceAccountName", "clerk"],
    ["status.podIP", "10.77.0.9"],
    ["status.hostIP", "10.77.0.1"],
    ["metadata.labels['none']", ""],
    ["spec.unknown", ""],
  ])("gives %s as %j", (path, want) => {
    expect(fieldOf(pod, path, around)).toBe(want);
  });
});

describe("resourceOf()", () => {
  const container: ContainerSpec = {
    name: "web",
    resources: { limits: { cpu: "1500m", memory: "1Gi" }, requests: { cpu: "100m" } },
  };
  test.each([
    { container, resource: "limits.cpu", divisor: undefined, want: "2" },
    { container, resource: "limits.cpu", divisor: "1m", want: "1500" },
    { container, resource: "requests.cpu", divisor: undefined, want: "1" },
    { container, resource: "limits.memory", divisor: "1Mi", want: "1024" },
    { container: undefined, resource: "limits.cpu", divisor: undefined, want: "4" },
    { container: undefined, resource: "limits.memory", divisor: undefined, want: String(2 ** 30) },
  ])("gives $resource by $divisor as $want", ({ container, resource, divisor, want }) => {
    expect(resourceOf(container, { resource, ...(divisor === undefined ? {} : { divisor }) }, around)).toBe(want);
  });
});

describe("environmentOf()", () => {
  const names = (container: Omit<ContainerSpec, "name">) =>
    environmentOf(pod, { name: "web", ...container }, { BASE: "b" }, around);

  test("lets a manifest win over the image, and later ones use earlier ones", () => {
    const env = [
      { name: "BASE", value: "mine" },
      { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "BOTH", value: "$(BASE)/$(NAME)/$(LATER)" },
      { name: "LATER", value: "1" },
    ];
    expect(names({ env })).toEqual({ BASE: "mine", NAME: "web-1", BOTH: "mine/web-1/$(LATER)", LATER: "1" });
  });

  test("reads ConfigMaps and Secrets, whole and by key", () => {
    const env = [
      { name: "PIN", valueFrom: { secretKeyRef: { name: "settings", key: "PIN" } } },
      { name: "NONE", valueFrom: { configMapKeyRef: { name: "settings", key: "NONE", optional: true } } },
    ];
    const envFrom = [
      { prefix: "P_", configMapRef: { name: "settings" } },
      { configMapRef: { name: "other", optional: true } },
    ];
    expect(names({ env, envFrom })).toEqual({ BASE: "b", P_COLOR: "red", P_SIZE: "5", PIN: "1234" });
  });
});

test("textsOf() takes stringData of a Secret as it is", () => {
  expect(textsOf({ ...data("Secret", {}), stringData: { a: "b" } })).toEqual({ a: "b" });
});
