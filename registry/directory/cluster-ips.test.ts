import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Service, ServiceSpec } from "../../api/service.ts";
import { assignClusterIps } from "./cluster-ips.ts";

function service(name: string, spec: ServiceSpec = {}): Service {
  const metadata = { name, namespace: "shop", labels: {}, annotations: {}, ownerReferences: [] };
  return { apiVersion: "v1", kind: "Service", metadata, spec };
}

describe("assignClusterIps()", () => {
  test.each<{ name: string; spec: ServiceSpec; isGiven: boolean }>([
    { name: "without an address", spec: {}, isGiven: true },
    { name: "with an empty address", spec: { clusterIP: "" }, isGiven: true },
    { name: "of type NodePort", spec: { type: "NodePort" }, isGiven: true },
    { name: "that is headless", spec: { clusterIP: "None" }, isGiven: false },
    { name: "with an address", spec: { clusterIP: "10.96.1.1" }, isGiven: false },
    { name: "of type ExternalName", spec: { type: "ExternalName", externalName: "example.com" }, isGiven: false },
  ])("gives a Service $name an address: $isGiven", ({ spec, isGiven }) => {
    expect(assignClusterIps([service("s", spec)]).has("shop/s")).toBe(isGiven);
  });

  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 300 });

  test("gives each its own, in the range, whatever the order", () => {
    fc.assert(
      fc.property(names, (all) => {
        const services = all.map((name) => service(name));
        const assigned = assignClusterIps(services);
        expect(new Set(assigned.values()).size).toBe(all.length);
        for (const address of assigned.values()) expect(address).toMatch(/^10\.96\.\d{1,3}\.\d{1,3}$/);
        const reversed = assignClusterIps(services.toReversed());
        expect(new Map([...reversed].sort())).toEqual(new Map([...assigned].sort()));
      }),
      { numRuns: 30 },
    );
  });

  test("gives way to an address that somebody chose", () => {
    const chosen = assignClusterIps([service("a")]).get("shop/a") ?? "";
    const assigned = assignClusterIps([service("a"), service("b", { clusterIP: chosen })]);
    expect(assigned.get("shop/a")).not.toBe(chosen);
  });
});
