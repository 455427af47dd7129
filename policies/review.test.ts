import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findingLine } from "../base/finding.ts";
import { buildSnapshot } from "../model/build.ts";
import { shop } from "../model/testing/shop.ts";
import { objectOf, worldOf } from "../model/testing/world-of.ts";
import { review, reviewAll, reviewBy } from "./review.ts";
import { rules } from "./rules.ts";

const virtualService = (http: string, more = "", annotations = "{}") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: test, namespace: shop, annotations: ${annotations} }
spec:
  hosts: [www.example]
${more}
  http: ${http}`;

const route = "route: [{ destination: { host: reviews } }]";
const split =
  "[{ route: [{ destination: { host: reviews, subset: v1 }, weight: 90 }, { destination: { host: reviews, subset: v2 }, weight: 20 }] }]";
const status600 = "[{ directResponse: { status: 600 } }]";

const meshConfig = (findings: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "pillion: { findings: { ${findings} } }" }`;

function found(candidate: string, ...stored: readonly string[]) {
  const world = worldOf(...shop, ...stored);
  return review(objectOf(candidate), world, buildSnapshot(world));
}
const seen = (candidate: string, ...stored: readonly string[]) =>
  found(candidate, ...stored).map(({ code, severity, path }) => `${severity} ${code} ${path}`);

describe("review()", () => {
  test("says nothing about a good object", () => {
    expect(seen(virtualService(`[{ ${route} }]`))).toEqual([]);
  });

  test("says everything at once, with path, what, why and fix", () => {
    const [first, second] = found(virtualService(split.replace("v2", "v9")));
    expect(first === undefined ? "" : findingLine(first)).toBe(
      "PIL1203 VirtualService shop/test at spec.http[0].route: the weights sum to 110, not to 100. The traffic is split in relation to the sum: reviews v1 81.8 %, reviews v9 18.2 %. Write weights that sum to 100 if you mean percentages. See docs/codes/PIL1203.md",
    );
    expect(second).toMatchObject({
      code: "PIL2103",
      path: "spec.http[0].route[1].destination.subset",
      problem: 'subset "v9" is not defined by DestinationRule shop/reviews for host "reviews"',
      fix: 'Add subset "v9" there, or use one of "v1" or "v2"',
    });
  });

  test("names the nearest host", () => {
    expect(found(virtualService("[{ route: [{ destination: { host: reviws } }] }]"))).toMatchObject([
      { code: "PIL2101", severity: "warning", fix: 'Write "reviews", or create the Service' },
    ]);
  });

  test.each(["a.pictures.example", "10.96.0.1"])(
    "warns of %s, which leads to a service but is no service's host",
    (host) => {
      const stored = `
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: { name: pictures, namespace: shop }
      spec:
        hosts: ["*.pictures.example"]
        addresses: [10.96.0.1]
        ports: [{ number: 80, name: http, protocol: HTTP }]
        resolution: NONE`;
      expect(seen(virtualService(`[{ route: [{ destination: { host: ${host} } }] }]`), stored)).toEqual([
        "warning PIL2101 spec.http[0].route[0].destination.host",
      ]);
    },
  );

  test("does not take an object for a rival of its own former version", () => {
    const stored = virtualService(`[{ ${route} }]`);
    expect(seen(virtualService(`[{ timeout: 1s, ${route} }]`), stored)).toEqual([]);
  });

  test("names the other object of a conflict, and a request that both would get", () => {
    const other = virtualService(`[{ ${route} }]`).replace("name: test", "name: other");
    expect(found(virtualService(`[{ ${route} }]`), other)).toMatchObject([
      {
        code: "PIL3001",
        severity: "error",
        path: "spec.hosts[0]",
        others: [{ kind: "VirtualService", namespace: "shop", name: "other" }],
        witness: { authority: "www.example" },
      },
    ]);
  });

  test.each([
    { name: "limited to another namespace", change: { more: "  exportTo: [other]" }, want: [] },
    {
      name: "for a gateway only",
      change: { more: "  gateways: [edge]" },
      want: ["warning PIL2102 spec.gateways[0]", "warning PIL3202 spec.http[0].route[0].destination"],
    },
    {
      name: "for the gateway and the mesh",
      change: { more: "  gateways: [edge, mesh]" },
      want: ["warning PIL2102 spec.gateways[0]", "error PIL3001 spec.hosts[0]"],
    },
  ])("judges a second VirtualService for a host $name", ({ change, want }) => {
    const other = virtualService(`[{ ${route} }]`).replace("name: test", "name: other");
    expect(seen(virtualService(`[{ ${route} }]`, change.more), other)).toEqual(want);
  });

  test("does not depend on the order of the rules", () => {
    const candidates = [
      virtualService(split.replace("v2", "v9")),
      virtualService(status600),
      virtualService("[{}]", "  gateways: [a, b]"),
    ];
    const world = worldOf(...shop);
    const snapshot = buildSnapshot(world);
    const lines = (list: typeof rules, yaml: string) =>
      reviewBy(list, objectOf(yaml), world, snapshot).map(findingLine).toSorted();
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...rules], { minLength: rules.length }),
        fc.constantFrom(...candidates),
        (order, yaml) => {
          expect(lines(order, yaml)).toEqual(lines(rules, yaml));
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe("review() severities", () => {
  const idleWaiver = 'warning PIL1110 metadata.annotations["pillion.io/allow"]';

  test.each([
    { findings: "PIL1203: deny", candidate: split, want: ["error PIL1203 spec.http[0].route"] },
    { findings: "PIL1203: off", candidate: split, want: [] },
    { findings: "PIL1204: warn", candidate: "[{}]", want: ["warning PIL1204 spec.http[0]"] },
    { findings: "PIL4002: warn", candidate: status600, want: ["error PIL4002 spec.http[0].directResponse.status"] },
    { findings: "PIL4002: off", candidate: status600, want: ["error PIL4002 spec.http[0].directResponse.status"] },
  ])("follow the mesh configuration ($findings), but for what Envoy refuses", ({ findings, candidate, want }) => {
    expect(seen(virtualService(candidate), meshConfig(findings))).toEqual(want);
  });

  test.each([
    { allow: "PIL1203", candidate: split, want: [] },
    { allow: "PIL2101, PIL1203", candidate: split, want: [] },
    { allow: "PIL2101", candidate: split, want: ["warning PIL1203 spec.http[0].route"] },
    { allow: "PIL4002", candidate: status600, want: [idleWaiver, "error PIL4002 spec.http[0].directResponse.status"] },
    { allow: "PIL1002", candidate: split, want: [idleWaiver, "warning PIL1203 spec.http[0].route"] },
    { allow: "PIL1001", candidate: split, want: ["warning PIL1203 spec.http[0].route"] },
    { allow: "PIL9999", candidate: split, want: [idleWaiver, "warning PIL1203 spec.http[0].route"] },
    {
      allow: "PIL1223",
      candidate: `[{ match: [{ withoutHeaders: { "": { exact: a } } }], ${route} }]`,
      want: [idleWaiver, 'error PIL1223 spec.http[0].match[0].withoutHeaders[""]'],
    },
  ])("are waived by annotation ($allow), but for what Envoy refuses", ({ allow, candidate, want }) => {
    expect(seen(virtualService(candidate, "", `{ pillion.io/allow: "${allow}" }`))).toEqual(want);
  });
});

describe("review() of what Istio accepts and Envoy refuses", () => {
  const headers = (map: string) => `[{ headers: { request: { set: { ${map} } } }, ${route} }]`;
  const hash = (fields: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: test, namespace: shop }
spec: { host: ratings, trafficPolicy: { loadBalancer: { consistentHash: { ${fields} } } } }`;
  test.each([
    { name: "direct response 600", yaml: virtualService(status600), want: "PIL4002" },
    {
      name: "abort 600",
      yaml: virtualService(`[{ fault: { abort: { httpStatus: 600, percentage: { value: 1 } } }, ${route} }]`),
      want: "PIL4002",
    },
    { name: "an unknown command", yaml: virtualService(headers('x: "%NOT_A_THING%"')), want: "PIL4003" },
    { name: "a line break in a header's name", yaml: virtualService(headers('"a\\nb": x')), want: "PIL4004" },
    { name: "a line break in a redirect", yaml: virtualService('[{ redirect: { uri: "/a\\n" } }]'), want: "PIL4004" },
    {
      name: "a line break in a rewrite",
      yaml: virtualService(`[{ rewrite: { authority: "a\\n" }, ${route} }]`),
      want: "PIL4004",
    },
    {
      name: "a query parameter without name",
      yaml: virtualService(`[{ match: [{ queryParams: { "": { exact: a } } }], ${route} }]`),
      want: "PIL4005",
    },
    { name: "a negative lifetime of a cookie", yaml: hash("httpCookie: { name: a, ttl: 0s }"), want: undefined },
    { name: "a header of 5000 characters", yaml: virtualService(headers(`x: "${"y".repeat(5000)}"`)), want: "PIL4003" },
    {
      name: "a line break in a cookie's attribute",
      yaml: hash('httpCookie: { name: c, ttl: 1s, attributes: [{ name: a, value: "b\\n" }] }'),
      want: "PIL4006",
    },
    { name: "a line break in a hashed header", yaml: hash('httpHeaderName: "a\\nb"'), want: "PIL4006" },
    {
      name: "a ring too large",
      yaml: hash("httpHeaderName: a, ringHash: { minimumRingSize: 100000000 }"),
      want: "PIL4006",
    },
    {
      name: "look-ahead",
      yaml: virtualService(`[{ match: [{ uri: { regex: "(?!a)b" } }], ${route} }]`),
      want: "PIL4008",
    },
  ])("$name: $want", ({ yaml, want }) => {
    const refused = found(yaml).filter(({ code }) => code.startsWith("PIL4"));
    expect(refused.map(({ code, severity }) => `${severity} ${code}`)).toEqual(
      want === undefined ? [] : [`error ${want}`],
    );
  });

  test.each([
    "%START_TIME%",
    "%REQ(x-user)%",
    "50%%",
    "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "%REQ(x?y):3%",
    "plain",
    '%DYNAMIC_METADATA(["a", "b"])%',
  ])("takes the header value %s", (value) => {
    expect(seen(virtualService(headers(`x: ${JSON.stringify(value)}`)))).toEqual([]);
  });
});

test("reviewAll() reviews each object against the others", () => {
  const a = virtualService(`[{ ${route} }]`);
  const codes = reviewAll(worldOf(...shop, a, a.replace("name: test", "name: other"))).map(
    ({ code, object }) => `${code} ${object.name}`,
  );
  expect(codes.filter((code) => code.startsWith("PIL3")).toSorted()).toEqual(["PIL3001 other", "PIL3001 test"]);
});
