import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { shop } from "../../model/testing/shop.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { oneForMeshHost } from "./mesh-hosts.ts";

const virtualService = (name: string, exportTo: string, match: string, host = "ratings.shop.svc.cluster.local") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name.split("/")[1]}, namespace: ${name.split("/")[0]} }
spec:
  hosts: ["${host}"]
  exportTo: [${exportTo}]
  http: [{ match: [${match}], route: [{ destination: { host: ratings.shop.svc.cluster.local } }] }]`;
const found = (stored: string, candidate: string) => {
  const world = worldOf(...shop, stored);
  return reviewBy([oneForMeshHost], objectOf(candidate), world, buildSnapshot(world));
};

test.each([
  { name: "all see both", stored: ["shop/a", '"*"'], own: ["shop/b", '"*"'], want: 1 },
  { name: "both are for their own namespace", stored: ["shop/a", '"."'], own: ["shop/b", "shop"], want: 1 },
  { name: "one namespace is named by both", stored: ["shop/a", "x, y"], own: ["shop/b", "y, z"], want: 1 },
  { name: "each is for its own namespace", stored: ["shop/a", '"."'], own: ["web/b", '"."'], want: 0 },
  { name: "one is an exception for its namespace", stored: ["shop/a", '"*"'], own: ["web/b", '"."'], want: 0 },
  { name: "one is an exception among named ones", stored: ["shop/a", "shop, web"], own: ["web/b", '"."'], want: 0 },
  { name: "a namespace is named, and all see the other", stored: ["shop/a", '"*"'], own: ["web/b", "x"], want: 0 },
])("oneForMeshHost judges: $name", ({ stored: [a = "", left = ""], own: [b = "", right = ""], want }) => {
  expect(found(virtualService(a, left, "{}"), virtualService(b, right, "{}"))).toHaveLength(want);
  expect(found(virtualService(b, right, "{}"), virtualService(a, left, "{}"))).toHaveLength(want);
});

test.each([
  {
    name: "one that both have rules for",
    stored: "{ uri: { prefix: /a } }",
    own: "{ uri: { prefix: /a/b } }",
    want: { authority: "ratings.shop.svc.cluster.local:9080", path: "/a/b" },
  },
  {
    name: "one that the younger has a rule for",
    stored: "{ uri: { prefix: /a } }",
    own: "{ uri: { exact: /b } }",
    want: { authority: "ratings.shop.svc.cluster.local:9080", path: "/b" },
  },
])("oneForMeshHost names a request: $name", ({ stored, own, want }) => {
  const other = virtualService("shop/a", '"*"', stored);
  expect(found(other, virtualService("shop/b", '"*"', own))).toMatchObject([{ witness: want }]);
});

test("oneForMeshHost names a service that a wildcard covers", () => {
  const [finding] = found(
    virtualService("shop/a", '"*"', "{}", "*.shop.svc.cluster.local"),
    virtualService("shop/b", '"*"', "{}", "*.shop.svc.cluster.local"),
  );
  expect(finding?.witness?.authority).toMatch(/^(ratings|reviews)\.shop\.svc\.cluster\.local:9080$/);
});

test("oneForMeshHost names a connection where there are no requests", () => {
  const tcp = (name: string) =>
    virtualService(name, '"*"', "{}")
      .replace("http:", "tcp:")
      .replace("match: [{}]", "match: [{ port: 9080, destinationSubnets: [10.0.0.0/8] }]");
  const [finding] = found(tcp("shop/a"), tcp("shop/b"));
  expect(finding).toMatchObject({ connection: { address: "10.0.0.0", port: 9080 } });
  expect(finding?.witness).toBeUndefined();
});
