import { describe, expect, test } from "vitest";
import { buildSnapshot } from "./build.ts";
import { probesAnnotation } from "./sidecar.ts";
import { worldOf } from "./testing/world-of.ts";

const node = `
apiVersion: v1
kind: Node
metadata:
  name: n1
  labels: { topology.kubernetes.io/region: eu, topology.kubernetes.io/zone: eu-1 }`;

const pod = (metadata: string, spec = "", status = "podIP: 10.1.0.1") => `
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop ${metadata} }
spec: { nodeName: n1, containers: [{ name: app }] ${spec} }
status: { ${status} }`;

function workload(...yaml: readonly string[]) {
  const found = buildSnapshot(worldOf(...yaml)).workloads.get("shop/web");
  if (found === undefined) throw new Error("there is no workload");
  return found;
}

describe("workloadOf()", () => {
  test.each([
    { status: "podIP: foo", want: [] },
    { status: 'podIP: "", podIPs: [{ ip: bar }]', want: [] },
    {
      status: "podIP: 10.1.0.1, podIPs: [{ ip: 10.1.0.1 }, { ip: nonsense }, { ip: 'fd00::1' }]",
      want: ["10.1.0.1", "fd00::1"],
    },
  ])("leaves out what is no address in { $status }", ({ status, want }) => {
    expect(workload(pod("", "", status)).addresses).toEqual(want);
  });

  test("leaves out container ports that no socket has", () => {
    const ports = "[{ containerPort: 0 }, { containerPort: 8080 }, { containerPort: 70000 }]";
    const text = pod("").replace("name: app", `name: app, ports: ${ports}`);
    expect(workload(text).ports.map(({ number }) => number)).toEqual([8080]);
  });

  test.each([
    { name: "of the node", yaml: [node, pod("")], want: "eu/eu-1" },
    {
      name: "of the pod's label before the node's",
      yaml: [node, pod(", labels: { istio-locality: us.us-2.rack }")],
      want: "us/us-2/rack",
    },
    { name: "empty where nothing is known", yaml: [pod("")], want: "" },
  ])("has the locality $name", ({ yaml, want }) => {
    expect(workload(...yaml).locality).toBe(want);
  });

  test.each([
    { owner: "kind: ReplicaSet, name: web-abc", labels: "{ pod-template-hash: abc }", want: "Deployment/web" },
    { owner: "kind: ReplicaSet, name: web-abc", labels: "{}", want: "ReplicaSet/web-abc" },
    { owner: "kind: StatefulSet, name: web", labels: "{}", want: "StatefulSet/web" },
  ])("belongs to $want when its owner is $owner", ({ owner, labels, want }) => {
    expect(workload(pod(`, labels: ${labels}, ownerReferences: [{ ${owner}, controller: true }]`)).owner).toBe(want);
  });

  test("belongs to itself without owner", () => {
    expect(workload(pod("")).owner).toBe("Pod/web");
  });

  const probe = { type: "tcp", port: 80, timeoutSeconds: 1 };
  const httpProbe = { ...probe, type: "http", path: "/", https: false, headers: [{ name: "a", value: "b" }] };
  test.each([
    {
      name: "what the injector wrote",
      text: JSON.stringify({ "/app-health/app/readyz": probe }),
      want: { "/app-health/app/readyz": probe },
    },
    { name: "nothing from what is no JSON", text: "{", want: {} },
    { name: "nothing from what is no table", text: "[1]", want: {} },
    {
      name: "metrics, the proxy's alone too",
      text: JSON.stringify({
        "/a": { type: "metrics" },
        "/b": { type: "metrics", application: httpProbe },
        "/c": { type: "metrics", application: probe },
        "/d": { type: "metrics", application: httpProbe, more: [httpProbe] },
        "/e": { type: "metrics", application: httpProbe, more: [httpProbe, probe] },
      }),
      want: {
        "/a": { type: "metrics" },
        "/b": { type: "metrics", application: httpProbe },
        "/d": { type: "metrics", application: httpProbe, more: [httpProbe] },
      },
    },
    { name: "nothing from entries that are no probes", text: '{"a": 1, "b": {}}', want: {} },
    {
      name: "nothing from probes that lack a field, or have an impossible port",
      text: JSON.stringify({
        "/a": { ...probe, type: "http" },
        "/b": { ...probe, port: 70_000 },
        "/c": { ...probe, type: "x" },
      }),
      want: {},
    },
    {
      name: "HTTP and gRPC",
      text: JSON.stringify({ "/h": httpProbe, "/g": { ...probe, type: "grpc", service: "" } }),
      want: { "/h": httpProbe, "/g": { ...probe, type: "grpc", service: "" } },
    },
  ])("reads as probes $name", ({ text, want }) => {
    expect(workload(pod(`, annotations: { ${probesAnnotation}: ${JSON.stringify(text)} }`)).probes).toEqual(want);
  });

  test.each([
    { status: 'phase: Running, conditions: [{ type: Ready, status: "True" }]', want: true },
    { status: 'phase: Running, conditions: [{ type: Ready, status: "False" }]', want: false },
    { status: 'phase: Succeeded, conditions: [{ type: Ready, status: "True" }]', want: false },
    { status: "phase: Running", want: false },
  ])("is serving: $want with $status", ({ status, want }) => {
    expect(workload(pod("", "", status)).serving).toBe(want);
  });
});

test("buildSnapshot() finds no workload by the address of a pod that has the node's", () => {
  const own = buildSnapshot(worldOf(pod("")));
  const shared = buildSnapshot(worldOf(pod("", ", hostNetwork: true")));
  expect([own.workloadsByAddress.size, own.mesh.podPrefixes]).toEqual([1, ["10.1.0.0/24"]]);
  expect([shared.workloadsByAddress.size, shared.mesh.podPrefixes]).toEqual([0, []]);
});
