import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { shadows } from "./shadows.ts";

const service = `
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: shop }
spec: { clusterIP: 10.96.0.10, ports: [{ name: http, port: 9080 }] }`;
const rule = (namespace: string, more = "", host = "reviews.shop.svc.cluster.local") => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: ${namespace} }
spec: { host: "${host}"${more} }`;
const found = (stored: string, candidate: string) => {
  const world = worldOf(service, stored);
  return reviewBy([shadows], objectOf(candidate), world, buildSnapshot(world)).map(
    ({ others: [other] }) => other?.namespace,
  );
};

test.each([
  { name: "the service's own and a caller's", service: rule("shop"), caller: rule("web"), want: true },
  {
    name: "a wildcard beside the service",
    service: rule("shop", "", "*.shop.svc.cluster.local"),
    caller: rule("web"),
    want: false,
  },
  { name: "one that callers do not see", service: rule("shop", ', exportTo: ["."]'), caller: rule("web"), want: false },
  { name: "defaults of the mesh", service: rule("shop"), caller: rule("istio-system"), want: false },
  {
    name: "other hosts",
    service: rule("shop"),
    caller: rule("web", "", "ratings.shop.svc.cluster.local"),
    want: false,
  },
])("shadows judges $name, whoever is applied", ({ service: own, caller, want }) => {
  expect(found(caller, own)).toEqual(want ? ["web"] : []);
  if (!own.includes("*.shop")) expect(found(own, caller)).toEqual(want ? ["shop"] : []);
});

test("shadows leaves rules for some callers of a namespace alone", () => {
  expect(found(rule("web", ", workloadSelector: { matchLabels: { app: a } }"), rule("shop"))).toEqual([]);
});
