// The API server waits for ten seconds, a test for five.
import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { sharedRequests, takenRules } from "./overlaps.ts";
import { unreachable } from "./unreachable.ts";

const numbers = Array.from({ length: 250 }, (_, index) => index);
const virtualService = (name: string, day: number, uri: (index: number) => string) => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop, creationTimestamp: "2026-01-0${day}T00:00:00Z" }
spec:
  hosts: [www.example.com]
  gateways: [edge]
  http: [${numbers.map((index) => `{ match: [{ uri: ${uri(index)} }], route: [{ destination: { host: a } }] }`).join(", ")}]`;

test.each([
  {
    name: "prefixes",
    older: (index: number) => `{ prefix: /p${index}/ }`,
    younger: (index: number) => `{ prefix: /p${index}/a }`,
  },
  {
    name: "exact paths",
    older: (index: number) => `{ prefix: /p${index}/ }`,
    younger: (index: number) => `{ exact: /p${index}/a }`,
  },
  {
    name: "expressions",
    older: (index: number) => `{ regex: "/p${index}/[0-9]+/.*" }`,
    younger: (index: number) => `{ regex: "/p${index}/[0-9]+/a" }`,
  },
  {
    name: "expressions that begin alike",
    older: (index: number) => `{ regex: "/api/[^/]+/orders${index}(/.*)?" }`,
    younger: (index: number) => `{ regex: "/api/[^/]+/orders${index}/[0-9]+" }`,
  },
])("review() compares many rules with many in time: $name", ({ older, younger }) => {
  const world = worldOf(virtualService("older", 1, older));
  const candidate = objectOf(virtualService("younger", 2, younger));
  const found = reviewBy([takenRules, sharedRequests, unreachable], candidate, world, buildSnapshot(world));
  expect(found.map(({ code }) => code)).toEqual(numbers.map(() => "PIL3101"));
});

test("review() compares thousands of rules with thousands in time", () => {
  const many = (count: number, name: string, day: number, end: string) =>
    Array.from({ length: count }, (_, index) => index).reduce(
      (text, index) =>
        `${text}  - { match: [{ uri: { prefix: /p${index}/${end} } }], route: [{ destination: { host: a } }] }\n`,
      `${virtualService(name, day, () => "").replace(/http: .*/, "http:")}\n`,
    );
  const world = worldOf(many(2_000, "older", 1, ""));
  const candidate = objectOf(many(2_000, "younger", 2, "a"));
  const snapshot = buildSnapshot(world);
  const found = reviewBy([takenRules, sharedRequests, unreachable], candidate, world, snapshot);
  expect(found).toHaveLength(2_000);
});

test.each([
  { name: "few", count: 20, want: [] },
  { name: "more than are compared", count: 3_500, want: ["PIL3102", "PIL3104"] },
])("review() says that it did not look at all where there are $name expressions", ({ count, want }) => {
  const uri = (index: number) => ({ regex: `/p${index}/[0-9]+` });
  const http = Array.from({ length: count }, (_, index) => ({
    match: [{ uri: uri(index) }],
    route: [{ destination: { host: "a" } }],
  }));
  const objectNamed = (name: string, rules: object) =>
    JSON.stringify({
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: { name, namespace: "shop", creationTimestamp: "2026-01-01T00:00:00Z" },
      spec: { hosts: ["www.example.com"], gateways: ["edge"], http: rules },
    });
  const world = worldOf(objectNamed("older", [{ ...http[0], match: [{ uri: { exact: "/other" } }] }]));
  const candidate = objectOf(objectNamed("younger", http));
  const found = reviewBy([sharedRequests, unreachable], candidate, world, buildSnapshot(world));
  expect(found.map(({ code }) => code)).toEqual(want);
});
