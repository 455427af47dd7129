import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { meshSubsets } from "./mesh-subsets.ts";

const service = `
apiVersion: v1
kind: Service
metadata: { name: reviews, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }`;
const rules = (name: string, hosts: string, gateways: string, destination = "host: reviews") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop }
spec: { hosts: [${hosts}], gateways: ${gateways}, http: [{ route: [{ destination: { ${destination} } }] }] }`;
const mesh = rules("reviews", "reviews", "[mesh]", "host: reviews, subset: v1");

test.each([
  {
    name: "a host whose mesh rules choose a subset",
    given: rules("front", "a.b", "[edge]"),
    stored: [mesh],
    found: true,
  },
  {
    name: "the same host by its full name",
    given: rules("front", "a.b", "[edge]", "host: reviews.shop.svc.cluster.local"),
    stored: [mesh],
    found: true,
  },
  {
    name: "a subset that is named here, too",
    given: rules("front", "a.b", "[edge]", "host: reviews, subset: v1"),
    stored: [mesh],
    found: false,
  },
  { name: "rules for the mesh, too", given: rules("front", "a.b", "[edge, mesh]"), stored: [mesh], found: false },
  {
    name: "mesh rules without a subset",
    given: rules("front", "a.b", "[edge]"),
    stored: [rules("reviews", "reviews", "[mesh]")],
    found: false,
  },
  {
    name: "mesh rules of another host",
    given: rules("front", "a.b", "[edge]"),
    stored: [rules("ratings", "ratings", "[mesh]", "host: reviews, subset: v1")],
    found: false,
  },
  {
    name: "rules of another gateway",
    given: rules("front", "a.b", "[edge]"),
    stored: [rules("reviews", "reviews", "[inner]", "host: reviews, subset: v1")],
    found: false,
  },
])("meshSubsets judges $name", ({ given, stored, found }) => {
  const world = worldOf(service, ...stored);
  const findings = reviewBy([meshSubsets], objectOf(given), world, buildSnapshot(world));
  expect(findings.map(({ path }) => path)).toEqual(found ? ["spec.http[0].route[0].destination"] : []);
});
