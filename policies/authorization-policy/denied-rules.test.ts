import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { contradictingValues } from "./contradictions.ts";
import { deniedRules } from "./denied-rules.ts";

const policy = (name: string, action: string, rules: string, more = "", annotations = "{}") => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name.split("/")[1]}, namespace: ${name.split("/")[0]}, annotations: ${annotations} }
spec: { action: ${action}, rules: [${rules}]${more} }`;
const found = (stored: string, candidate: string) => {
  const world = worldOf(stored);
  return reviewBy([deniedRules], objectOf(candidate), world, buildSnapshot(world)).map(({ path }) => path);
};
const from = (...sources: readonly string[]) => `from: [${sources.map((one) => `{ source: { ${one} } }`).join(", ")}]`;
const to = (...operations: readonly string[]) =>
  `to: [${operations.map((one) => `{ operation: { ${one} } }`).join(", ")}]`;

test.each([
  { name: "everything", allow: `{ ${to("paths: [/a]")} }`, deny: "{}" },
  { name: "a wider path", allow: `{ ${to("paths: [/api/a, /api/b*]")} }`, deny: `{ ${to('paths: ["/api*"]')} }` },
  { name: "a suffix", allow: `{ ${to("paths: [/a.html]")} }`, deny: `{ ${to('paths: ["*.html"]')} }` },
  { name: "all methods", allow: `{ ${to("methods: [GET]")} }`, deny: `{ ${to("methods: [GET, POST]")} }` },
  { name: "hosts in any case", allow: `{ ${to("hosts: [A.example]")} }`, deny: `{ ${to('hosts: ["*.EXAMPLE"]')} }` },
  {
    name: "a network",
    allow: `{ ${from("ipBlocks: [10.1.0.0/16, 10.2.3.4]")} }`,
    deny: `{ ${from("ipBlocks: [10.0.0.0/8]")} }`,
  },
  {
    name: "all callers, one operation",
    allow: `{ ${from("namespaces: [a]")}, ${to("ports: ['80']")} }`,
    deny: `{ ${to("ports: ['80']")} }`,
  },
  {
    name: "who is not let out",
    allow: `{ ${from("namespaces: [web]")} }`,
    deny: `{ ${from("notNamespaces: [shop]")} }`,
  },
  {
    name: "what both leave out",
    allow: `{ ${from("namespaces: [b], notPrincipals: [a]")} }`,
    deny: `{ ${from("notPrincipals: [a]")} }`,
  },
  {
    name: "each caller by another source",
    allow: `{ ${from("namespaces: [a]", "namespaces: [b]")} }`,
    deny: `{ ${from("namespaces: [b]", "namespaces: [a]")} }`,
  },
  {
    name: "a condition",
    allow: "{ when: [{ key: source.ip, values: [10.1.1.1] }] }",
    deny: "{ when: [{ key: source.ip, values: [10.0.0.0/8] }] }",
  },
  {
    name: "a condition that is not let out",
    allow: "{ when: [{ key: 'request.headers[a]', values: [x] }] }",
    deny: "{ when: [{ key: 'request.headers[a]', notValues: [y] }] }",
  },
])("deniedRules tells when a rule is denied: $name", ({ allow, deny }) => {
  expect(found(policy("shop/deny", "DENY", deny), policy("shop/allow", "ALLOW", allow))).toEqual(["spec.rules[0]"]);
  expect(found(policy("shop/allow", "ALLOW", allow), policy("shop/deny", "DENY", deny))).toEqual(["spec.rules[0]"]);
});

test.each([
  { name: "a narrower path", allow: `{ ${to('paths: ["/api*"]')} }`, deny: `{ ${to("paths: [/api/a]")} }` },
  { name: "some of the paths", allow: `{ ${to("paths: [/a, /b]")} }`, deny: `{ ${to("paths: [/a]")} }` },
  { name: "some callers", allow: "{}", deny: `{ ${from("namespaces: [a]")} }` },
  { name: "another port", allow: `{ ${to("ports: ['80']")} }`, deny: `{ ${to("ports: ['81']")} }` },
  {
    name: "other callers of the same path",
    allow: `{ ${from("namespaces: [a]")}, ${to("paths: [/a]")} }`,
    deny: `{ ${from("namespaces: [b]")}, ${to("paths: [/a]")} }`,
  },
  {
    name: "those who are let out",
    allow: `{ ${from("namespaces: [shop]")} }`,
    deny: `{ ${from("notNamespaces: [shop]")} }`,
  },
  {
    name: "some who are let out",
    allow: `{ ${from("namespaces: ['*']")} }`,
    deny: `{ ${from("notNamespaces: [shop]")} }`,
  },
  { name: "another field", allow: `{ ${from("namespaces: [web]")} }`, deny: `{ ${from("notPrincipals: [a]")} }` },
  {
    name: "a smaller network",
    allow: `{ ${from("ipBlocks: [10.0.0.0/8]")} }`,
    deny: `{ ${from("ipBlocks: [10.1.0.0/16]")} }`,
  },
  {
    name: "a network out of one",
    allow: `{ ${from("ipBlocks: [10.0.0.0/8]")} }`,
    deny: `{ ${from("notIpBlocks: [10.1.0.0/16]")} }`,
  },
  {
    name: "one condition more",
    allow: "{ when: [{ key: a, values: [x] }] }",
    deny: "{ when: [{ key: a, values: [x] }, { key: b, values: [y] }] }",
  },
  { name: "what begins and ends", allow: `{ ${to('paths: ["/a*"]')} }`, deny: `{ ${to('paths: ["*a"]')} }` },
  { name: "templates", allow: `{ ${to("paths: [/a/b]")} }`, deny: `{ ${to("paths: ['/a/{*}']")} }` },
  { name: "no rules", allow: "", deny: "{}" },
  {
    name: "nothing that could be told",
    allow: `{ ${from("ipBlocks: [a, 1.1.1.1/x, '']")} }`,
    deny: `{ ${from("ipBlocks: ['', b/999, '::/x']")} }`,
  },
])("deniedRules leaves what is left: $name", ({ allow, deny }) => {
  expect(found(policy("shop/deny", "DENY", deny), policy("shop/allow", "ALLOW", allow))).toEqual([]);
  expect(found(policy("shop/allow", "ALLOW", allow), policy("shop/deny", "DENY", deny))).toEqual([]);
});

test.each([
  { name: "of another namespace", deny: policy("web/deny", "DENY", "{}"), want: [] },
  { name: "of the root namespace", deny: policy("istio-system/deny", "DENY", "{}"), want: ["spec.rules[0]"] },
  {
    name: "for other pods",
    deny: policy("shop/deny", "DENY", "{}", ", selector: { matchLabels: { app: b } }"),
    want: [],
  },
  {
    name: "for more pods",
    deny: policy("shop/deny", "DENY", "{}", ", selector: { matchLabels: { tier: x } }"),
    want: ["spec.rules[0]"],
  },
  {
    name: "for fewer pods",
    deny: policy("shop/deny", "DENY", "{}", ", selector: { matchLabels: { app: a, v: '1' } }"),
    want: [],
  },
  { name: "on trial", deny: policy("shop/deny", "DENY", "{}", "", '{ istio.io/dry-run: "true" }'), want: [] },
  {
    name: "for a target",
    deny: policy("shop/deny", "DENY", "{}", ", targetRefs: [{ kind: Service, name: a }]"),
    want: [],
  },
  { name: "that only looks", deny: policy("shop/deny", "AUDIT", "{}"), want: [] },
])("deniedRules looks at policies $name", ({ deny, want }) => {
  const allow = policy("shop/allow", "ALLOW", "{}", ", selector: { matchLabels: { app: a, tier: x } }");
  expect(found(deny, allow)).toEqual(want);
});

test.each([
  {
    name: "a namespace",
    rule: `{ ${from("namespaces: [a], notNamespaces: ['*']")} }`,
    want: ["spec.rules[0].from[0].source"],
  },
  { name: "a path", rule: `{ ${to("paths: [/a/b], notPaths: ['/a*']")} }`, want: ["spec.rules[0].to[0].operation"] },
  {
    name: "a condition",
    rule: "{ when: [{ key: source.ip, values: [10.1.1.1], notValues: [10.0.0.0/8] }] }",
    want: ["spec.rules[0].when[0]"],
  },
  { name: "one of two", rule: `{ ${from("namespaces: [a, b], notNamespaces: [a]")} }`, want: [] },
  { name: "a part", rule: `{ ${to("paths: ['/a*'], notPaths: [/a/b]")} }`, want: [] },
  { name: "other fields", rule: `{ ${from("namespaces: [a], notPrincipals: [a]")} }`, want: [] },
  {
    name: "empty lists",
    rule: `{ ${from("namespaces: [], notNamespaces: []")}, when: [{ key: a, values: [], notValues: [] }] }`,
    want: [],
  },
])("contradictingValues judges $name", ({ rule, want }) => {
  const world = worldOf();
  const findings = reviewBy(
    [contradictingValues],
    objectOf(policy("shop/a", "DENY", rule)),
    world,
    buildSnapshot(world),
  );
  expect(findings.map(({ path }) => path)).toEqual(want);
});

test("deniedRules gives large policies up within the time that a test has", () => {
  const paths = Array.from({ length: 200 }, (_, index) => `/path-${index}`);
  const large = (action: string, star: string, more: string) => {
    const rule = `{ ${to(`paths: ${JSON.stringify([...paths.map((path) => path + star), ...(more === "" ? [] : [more])])}`)} }`;
    return policy(`shop/${action.toLowerCase()}`, action, Array.from({ length: 50 }, () => rule).join(", "));
  };
  expect(found(large("DENY", "*", ""), large("ALLOW", "", "/other"))).toEqual([]);
});
