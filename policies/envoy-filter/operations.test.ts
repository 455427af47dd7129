import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { misplacedOperations, relativeOperations } from "./patches.ts";

test.each([
  { applyTo: "HTTP_FILTER", operation: "INSERT_BEFORE", want: ["PIL1933 IST0151"] },
  {
    applyTo: "HTTP_FILTER",
    operation: "INSERT_BEFORE",
    proxy: "proxy: { proxyVersion: a }",
    want: ["PIL1933 IST0155"],
  },
  { applyTo: "HTTP_FILTER", operation: "INSERT_FIRST", want: [] },
  { applyTo: "NETWORK_FILTER", operation: "REPLACE", want: ["PIL1933 IST0151"] },
  { applyTo: "CLUSTER", operation: "MERGE", want: [] },
  { applyTo: "FILTER_CHAIN", operation: "MERGE", want: [] },
  { applyTo: "CLUSTER", operation: "REPLACE", want: ["PIL1932 IST0152"] },
  { applyTo: "HTTP_ROUTE", operation: "ADD", want: ["PIL1932 IST0153"] },
  { applyTo: "ROUTE_CONFIGURATION", operation: "REMOVE", want: ["PIL1932 IST0154"] },
  { applyTo: "VIRTUAL_HOST", operation: "ADD", want: [] },
])("review() says $want of $operation on $applyTo", ({ applyTo, operation, proxy = "", want }) => {
  const patch = `{ applyTo: ${applyTo}, match: { ${proxy} }, patch: { operation: ${operation}, value: { name: a } } }`;
  const text = `{ apiVersion: networking.istio.io/v1alpha3, kind: EnvoyFilter, metadata: { name: a }, spec: { configPatches: [${patch}] } }`;
  const world = worldOf();
  const findings = reviewBy([misplacedOperations, relativeOperations], objectOf(text), world, buildSnapshot(world));
  expect(findings.map(({ code, alias }) => `${code} ${alias ?? ""}`)).toEqual(want);
});
