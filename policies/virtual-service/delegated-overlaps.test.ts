import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { sharedRequests, takenRules } from "./overlaps.ts";

const object = (kind: string, name: string, day: number, spec: string) => `
apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec: ${spec}`;
const gateway = object(
  "Gateway",
  "edge",
  1,
  '{ selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }',
);
const rule = (prefix: string) =>
  `{ match: [{ uri: { prefix: ${prefix} } }], route: [{ destination: { host: reviews } }] }`;
const hosts = "hosts: [www.example.com], gateways: [edge]";
const older = object("VirtualService", "older", 1, `{ ${hosts}, http: [${rule("/api")}] }`);
const root = object(
  "VirtualService",
  "root",
  2,
  `{ ${hosts}, http: [{ match: [{ uri: { prefix: / } }], delegate: { name: part } }] }`,
);
const part = (prefix: string) => object("VirtualService", "part", 3, `{ http: [${rule(prefix)}] }`);

test.each([
  { name: "one that its root leaves free", given: part("/web"), stored: [older, root], want: [] },
  {
    name: "one that an older object takes on its root's host",
    given: part("/api/cart"),
    stored: [older, root, part("/web")],
    want: ["PIL3101 spec.http[0]"],
  },
  {
    name: "one that shares requests there",
    given: part("/a"),
    stored: [older, root],
    want: ["PIL3102 spec.http[0].match[0]"],
  },
  { name: "one without root", given: part("/api/cart"), stored: [older], want: [] },
])("review() judges a delegate: $name", ({ given, stored, want }) => {
  const world = worldOf(gateway, ...stored);
  const found = reviewBy([takenRules, sharedRequests], objectOf(given), world, buildSnapshot(world));
  expect(found.map(({ code, path }) => `${code} ${path}`)).toEqual(want);
});
