import { expect, test } from "vitest";
import { buildSnapshot } from "./build.ts";
import { partsOf } from "./parts.ts";
import { worldOf } from "./testing/world-of.ts";

const service =
  "{ apiVersion: v1, kind: Service, metadata: { name: web, namespace: shop }, spec: { ports: [{ port: 80 }] } }";
const rule = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec: { hosts: [web], http: [{ route: [{ destination: { host: web } }] }] }
`;

test("partsOf() gives the same object until one of its parts changes", () => {
  const parts = partsOf("mesh", "services");
  const before = buildSnapshot(worldOf(service));
  const ruled = buildSnapshot(worldOf(service, rule), before);
  const emptied = buildSnapshot(worldOf(rule), ruled);
  expect(ruled).not.toBe(before);
  expect(parts(ruled)).toBe(parts(before));
  expect(parts(before)).toEqual({ mesh: before.mesh, services: before.services });
  expect(parts(emptied)).not.toBe(parts(before));
});
