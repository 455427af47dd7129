import { describe, expect, test } from "vitest";
import { buildSnapshot } from "./build.ts";
import { mtlsMode } from "./mtls.ts";
import { outboundPorts } from "./ports.ts";
import { shop } from "./testing/shop.ts";
import { worldOf } from "./testing/world-of.ts";

const policy = (at: string, spec: string, created = "2024-01-01T00:00:00Z") => {
  const [namespace, name] = at.split("/");
  return `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace}, creationTimestamp: "${created}" }
spec: { ${spec} }`;
};
const selecting = "selector: { matchLabels: { app: reviews } }";

function modesWith(...yaml: readonly string[]) {
  const snapshot = buildSnapshot(worldOf(...shop, ...yaml));
  const workload = snapshot.workloads.get("shop/reviews-1");
  if (workload === undefined) throw new Error("there is no pod");
  return [8080, 9090].map((port) => mtlsMode(snapshot, workload, port));
}

describe("mtlsMode()", () => {
  test.each([
    { name: "nothing", yaml: [], want: ["PERMISSIVE", "PERMISSIVE"] },
    { name: "the mesh", yaml: [policy("istio-system/a", "mtls: { mode: STRICT }")], want: ["STRICT", "STRICT"] },
    {
      name: "the namespace over the mesh",
      yaml: [policy("istio-system/a", "mtls: { mode: STRICT }"), policy("shop/a", "mtls: { mode: DISABLE }")],
      want: ["DISABLE", "DISABLE"],
    },
    {
      name: "UNSET inherits",
      yaml: [policy("istio-system/a", "mtls: { mode: STRICT }"), policy("shop/a", "mtls: { mode: UNSET }")],
      want: ["STRICT", "STRICT"],
    },
    {
      name: "the workload over the namespace",
      yaml: [policy("shop/a", "mtls: { mode: STRICT }"), policy("shop/b", `${selecting}, mtls: { mode: PERMISSIVE }`)],
      want: ["PERMISSIVE", "PERMISSIVE"],
    },
    {
      name: "the port over the workload",
      yaml: [
        policy("shop/a", "mtls: { mode: STRICT }"),
        policy("shop/b", `${selecting}, portLevelMtls: { 9090: { mode: DISABLE } }`),
      ],
      want: ["STRICT", "DISABLE"],
    },
    {
      name: "other workloads do not matter",
      yaml: [policy("shop/b", `${selecting.replace("reviews", "ratings")}, mtls: { mode: STRICT }`)],
      want: ["PERMISSIVE", "PERMISSIVE"],
    },
    {
      name: "the older of two",
      yaml: [
        policy("shop/a", "mtls: { mode: STRICT }", "2024-01-02T00:00:00Z"),
        policy("shop/b", "mtls: { mode: DISABLE }"),
      ],
      want: ["DISABLE", "DISABLE"],
    },
  ])("follows $name", ({ yaml, want }) => {
    expect(modesWith(...yaml)).toEqual(want);
  });
});

test("outboundPorts() has the ports of visible services with the layers on them, the same list while nothing changes", () => {
  const service = (name: string, port: string, metadata = "") => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop ${metadata} }
spec: { clusterIP: 10.96.3.1, ports: [${port}] }`;
  const hidden = ', annotations: { networking.istio.io/exportTo: "." }';
  const world = worldOf(
    service("a", "{ name: http, port: 80 }"),
    service("b", "{ name: tcp, port: 80 }"),
    service("c", "{ name: dns, port: 53, protocol: UDP }"),
    service("d", "{ name: what, port: 7000 }", hidden),
  );
  const before = buildSnapshot(world);
  const everybody = [{ number: 80, layers: new Set(["http", "tcp"]) }];
  expect(outboundPorts(before, "other")).toEqual(everybody);
  expect(outboundPorts(before, "shop")).toEqual([...everybody, { number: 7000, layers: new Set(["sniffed"]) }]);
  const after = buildSnapshot(
    worldOf(
      service("a", "{ name: http, port: 80 }"),
      service("b", "{ name: tcp, port: 80 }"),
      service("d", "{ name: what, port: 7000 }", hidden),
    ),
    before,
  );
  expect(outboundPorts(after, "other")).toBe(outboundPorts(before, "other"));
  expect(outboundPorts(after, "shop")).toBe(outboundPorts(before, "shop"));
});
