import { expect, test } from "vitest";
import { buildSnapshot } from "./build.ts";
import { worldOf } from "./testing/world-of.ts";

const pod = (name: string, address: string): string => `
---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop }
spec: { containers: [{ name: app }] }
status: { phase: Running, podIP: "${address}" }
`;
const node = (name: string, ...ranges: readonly string[]): string => `
---
apiVersion: v1
kind: Node
metadata: { name: ${name} }
spec: { podCIDRs: ${JSON.stringify(ranges)} }
`;

test.each([
  {
    name: "the networks of pods where nodes have no ranges",
    yaml: [node("a"), pod("x", "10.0.3.7")],
    want: ["10.0.3.0/24"],
  },
  {
    name: "the range around those of nodes, which holds pods and later nodes",
    yaml: [node("a", "10.244.0.0/24"), node("b", "10.244.9.0/24"), pod("x", "10.244.0.7"), pod("y", "10.244.9.7")],
    want: ["10.244.0.0/16"],
  },
  {
    name: "both where pods are elsewhere, too",
    yaml: [node("a", "10.244.0.0/24", "fd00:10:244:1::/64"), pod("x", "192.168.7.7"), pod("y", "fd00:10:244:2::7")],
    want: ["10.244.0.0/16", "192.168.7.0/24", "fd00:10:244::/56"],
  },
  { name: "a range of a node that is wider", yaml: [node("a", "10.0.0.0/12")], want: ["10.0.0.0/12"] },
  { name: "nothing of what is no range", yaml: [node("a", "all")], want: [] },
])("podPrefixes are $name", ({ yaml, want }) => {
  expect(buildSnapshot(worldOf(...yaml)).mesh.podPrefixes).toEqual(want);
});

test("a pod on another node leaves the settings of the mesh as they are", () => {
  const nodes = [node("a", "10.244.0.0/24"), node("b", "10.244.9.0/24")];
  const before = buildSnapshot(worldOf(...nodes, pod("x", "10.244.0.7")));
  const after = buildSnapshot(worldOf(...nodes, pod("x", "10.244.0.7"), pod("y", "10.244.9.7")), before);
  expect(after.workloads.size).toBe(2);
  expect(after.mesh).toBe(before.mesh);
});
