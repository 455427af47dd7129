import { describe, expect, test } from "vitest";
import type { Pod, Service } from "./objects.ts";
import { type Backend, backendsOf, natTable, targetPortIn } from "./services.ts";

const pod = (name: string, labels: Record<string, string>, namespace = "shop"): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels },
  spec: { containers: [{ name: "web", ports: [{ name: "http", containerPort: 8080 }] }] },
});
const backend = (name: string, address: string, more: Partial<Backend> = {}): Backend => ({
  pod: pod(name, { app: "web", version: name }),
  address,
  ready: true,
  ...more,
});
const service = (
  ports: NonNullable<Service["spec"]["ports"]>,
  selector: Record<string, string> | undefined = { app: "web" },
): Service => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop" },
  spec: { ports, ...(selector === undefined ? {} : { selector }) },
});

describe("backendsOf()", () => {
  const a = backend("a", "10.77.0.2");
  const elsewhere = backend("b", "10.77.0.3", { pod: pod("b", { app: "web" }, "other") });
  const unready = backend("c", "10.77.0.4", { ready: false });
  const leaving = backend("d", "10.77.0.5");
  const ending = {
    ...leaving,
    pod: { ...leaving.pod, metadata: { ...leaving.pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } },
  };

  test("takes ready pods of its namespace that match and stay", () => {
    expect(backendsOf(service([]), [a, elsewhere, unready, ending])).toEqual([a]);
  });
  test("takes none without a selector", () => {
    expect(backendsOf(service([], {}), [a])).toEqual([]);
  });
  test("asks for every label", () => {
    expect(backendsOf(service([], { app: "web", version: "b" }), [a])).toEqual([]);
  });
});

describe("targetPortIn()", () => {
  const web = pod("a", {});
  test.each([
    { port: { port: 80 }, want: 80 },
    { port: { port: 80, targetPort: 8000 }, want: 8000 },
    { port: { port: 80, targetPort: "8000" }, want: 8000 },
    { port: { port: 80, targetPort: "http" }, want: 8080 },
    { port: { port: 80, targetPort: "none" }, want: undefined },
  ])("gives $want for $port", ({ port, want }) => {
    expect(targetPortIn(web, port)).toBe(want);
  });
});

describe("natTable()", () => {
  const rules = (text: string) =>
    text.split("\n").filter((line) => line.startsWith("-A SERVICES") || line.includes("MASQ"));

  test("shares a port among its endpoints evenly", () => {
    const pods = [backend("a", "10.77.0.2"), backend("b", "10.77.0.3"), backend("c", "10.77.0.4")];
    const table = natTable([{ service: service([{ port: 80, targetPort: "http" }]), address: "10.96.0.9" }], pods);
    expect(rules(table)).toEqual([
      "-A SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -m statistic --mode random --probability 0.33333333 -j DNAT --to-destination 10.77.0.2:8080",
      "-A SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -m statistic --mode random --probability 0.50000000 -j DNAT --to-destination 10.77.0.3:8080",
      "-A SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.77.0.4:8080",
      "-A POSTROUTING -s 10.77.0.2/32 -d 10.77.0.2/32 -j MASQUERADE",
      "-A POSTROUTING -s 10.77.0.3/32 -d 10.77.0.3/32 -j MASQUERADE",
      "-A POSTROUTING -s 10.77.0.4/32 -d 10.77.0.4/32 -j MASQUERADE",
    ]);
  });

  test("keeps the protocol, and leaves out a port that no pod has", () => {
    const ports = [
      { port: 53, protocol: "UDP" },
      { port: 81, targetPort: "none" },
    ];
    const table = natTable([{ service: service(ports), address: "10.96.0.9" }], [backend("a", "10.77.0.2")]);
    expect(rules(table)[0]).toBe(
      "-A SERVICES -d 10.96.0.9/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.77.0.2:53",
    );
    expect(rules(table)).toHaveLength(2);
  });

  test("is a whole table without any Service", () => {
    expect(natTable([], [])).toMatch(/^\*nat\n:PREROUTING[\s\S]*COMMIT\n$/);
  });
});
