import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refText } from "../base/object-ref.ts";
import { buildSnapshot } from "./build.ts";
import { hostname } from "./hosts.ts";
import { httpRules, type RouteQuery, tcpRules } from "./routes.ts";
import { shop } from "./testing/shop.ts";
import { objectsOf, worldOf } from "./testing/world-of.ts";
import { applyChanges } from "./world.ts";

const query = (over: Partial<RouteQuery> = {}): RouteQuery => ({
  view: { namespace: "shop", labels: { app: "productpage" } },
  host: hostname("ratings.shop.svc.cluster.local"),
  port: 9080,
  gateway: "mesh",
  ...over,
});

/** A VirtualService for ratings whose rules have names. */
const rules = (name: string, http: string, more = "", metadata = "") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${name}, namespace: shop${metadata} }
spec:
  hosts: [ratings]
${more}
  http: ${http}`;
const to = (host: string) => `route: [{ destination: { host: ${host} } }]`;

const namesFor = (yaml: readonly string[], over: Partial<RouteQuery> = {}) =>
  httpRules(buildSnapshot(worldOf(...shop, ...yaml)), query(over)).map(({ spec }) => spec.name);

describe("httpRules()", () => {
  test("is empty for a host without VirtualService", () => {
    expect(httpRules(buildSnapshot(worldOf(...shop)), query())).toEqual([]);
  });

  test("resolves destinations: full host, service, the only port, shares; of several those without weight are left out", () => {
    const list = `[{ route: [
      { destination: { host: reviews, subset: v1 }, weight: 30 },
      { destination: { host: ratings.shop, port: { number: 1 } }, weight: 70 },
      { destination: { host: nowhere.example } }] }]`;
    const snapshot = buildSnapshot(worldOf(...shop, rules("a", list)));
    const [rule] = httpRules(snapshot, query({ port: 9080 }));
    expect(rule?.destinations).toMatchObject([
      { host: "reviews.shop.svc.cluster.local", port: 9080, subset: "v1", weight: 30 },
      { host: "ratings.shop.svc.cluster.local", port: 1, weight: 70 },
    ]);
    expect(rule?.destinations[0]?.service).toBe(snapshot.services.get(hostname("reviews.shop.svc.cluster.local")));
    expect(rule).toMatchObject({ origin: { kind: "VirtualService", name: "a" }, path: "spec.http[0]" });
  });

  test.each([
    { mirrors: "mirror: { host: reviews }", want: [100] },
    { mirrors: "mirror: { host: reviews }, mirrorPercentage: { value: 50 }", want: [50] },
    { mirrors: "mirror: { host: reviews }, mirrorPercentage: { value: 0 }", want: [] },
    { mirrors: "mirror: { host: reviews }, mirror_percent: 20", want: [20] },
    {
      mirrors:
        "mirrors: [{ destination: { host: reviews } }, { destination: { host: reviews }, percentage: { value: 1.5 } }]",
      want: [100, 1.5],
    },
  ])("mirrors $want percent for $mirrors", ({ mirrors, want }) => {
    const [rule] = httpRules(
      buildSnapshot(worldOf(...shop, rules("a", `[{ ${to("ratings")}, ${mirrors} }]`))),
      query(),
    );
    expect(rule?.mirrors.map(({ percent }) => percent)).toEqual(want);
  });

  const conditions = `
    - { name: port, match: [{ port: 1 }], ${to("reviews")} }
    - { name: gateway, match: [{ gateways: [edge] }], ${to("reviews")} }
    - { name: labels, match: [{ sourceLabels: { app: other } }], ${to("reviews")} }
    - { name: namespace, match: [{ sourceNamespace: other }], ${to("reviews")} }
    - { name: both, match: [{ gateways: [mesh, edge], sourceLabels: { app: other } }], ${to("reviews")} }
    - { name: some, match: [{ port: 1 }, { uri: { prefix: /v1 } }], ${to("reviews")} }
    - { name: all, ${to("reviews")} }
    - { name: unreachable, ${to("reviews")} }`;
  test.each([
    { name: "the caller", over: {}, want: ["some", "all"] },
    { name: "a port", over: { port: 1 }, want: ["port", "some", "all"] },
    { name: "a gateway", over: { gateway: "shop/edge" }, want: ["gateway", "both", "some", "all"] },
    {
      name: "labels",
      over: { view: { namespace: "shop", labels: { app: "other" } } },
      want: ["labels", "both", "some", "all"],
    },
    { name: "a namespace", over: { view: { namespace: "other", labels: {} } }, want: ["namespace", "some", "all"] },
  ])("keeps the rules that can hold for $name, up to the first that always does", ({ over, want }) => {
    const service =
      "apiVersion: v1\nkind: Service\nmetadata: { name: ratings, namespace: shop }\nspec: { clusterIP: 10.96.0.3, ports: [{ name: http, port: 1 }, { name: http-web, port: 9080 }] }";
    expect(namesFor([service, rules("a", conditions, "  gateways: [mesh, edge]")], over)).toEqual(want);
  });

  test("drops matches that cannot hold from a rule that stays", () => {
    const [rule] = httpRules(
      buildSnapshot(
        worldOf(...shop, rules("a", `[{ match: [{ port: 1 }, { uri: { exact: / } }], ${to("ratings")} }]`)),
      ),
      query(),
    );
    expect(rule?.matches).toEqual([{ uri: { exact: "/" } }]);
  });

  const older = (time: string) => `, creationTimestamp: "${time}"`;
  test.each([
    {
      name: "the older",
      yaml: [
        rules("a", `[{ name: new, ${to("reviews")} }]`, "", older("2024-02-02T00:00:00Z")),
        rules("b", `[{ name: old, ${to("reviews")} }]`, "", older("2024-02-01T00:00:00Z")),
      ],
      want: ["old"],
    },
    {
      name: "the one of the own namespace only, before an older one for all",
      yaml: [
        rules("a", `[{ name: own, ${to("reviews")} }]`, '  exportTo: ["."]', older("2024-02-02T00:00:00Z")),
        rules("b", `[{ name: public, ${to("reviews")} }]`, "", older("2024-02-01T00:00:00Z")),
      ],
      want: ["own"],
    },
    {
      name: "one that has rules for the port, before an older one that has none",
      yaml: [
        rules("a", `[{ name: "80", match: [{ port: 80 }], ${to("reviews")} }]`, "", older("2024-02-01T00:00:00Z")),
        rules("b", `[{ name: any, ${to("reviews")} }]`, "", older("2024-02-02T00:00:00Z")),
      ],
      want: ["any"],
    },
  ])("of two for a host takes $name", ({ yaml, want }) => {
    expect(namesFor(yaml)).toEqual(want);
  });

  test("does not see what is not exported to the caller", () => {
    const yaml = [rules("a", `[{ name: hidden, ${to("reviews")} }]`, "  exportTo: [other]")];
    expect(namesFor(yaml)).toEqual([]);
    expect(namesFor(yaml, { view: { namespace: "other", labels: {} } })).toEqual(["hidden"]);
  });

  const wildcard = (host: string) =>
    rules("w", `[{ name: wild, ${to("reviews")} }]`).replace("[ratings]", `["${host}"]`);
  test.each([
    { host: "*.shop.svc.cluster.local", called: "ratings.shop.svc.cluster.local", port: 9080, want: ["wild"] },
    { host: "*.shop.svc.cluster.local", called: "unknown.shop.svc.cluster.local", port: 80, want: [] },
    { host: "*.outside.example", called: "a.outside.example", port: 80, want: ["wild"] },
    { host: "www.outside.example", called: "www.outside.example", port: 80, want: ["wild"] },
    { host: "www.outside.example", called: "www.outside.example", port: 81, want: [] },
  ])("gives the rules of $host to $called on port $port: $want", ({ host, called, port, want }) => {
    expect(namesFor([wildcard(host)], { host: hostname(called), port })).toEqual(want);
  });

  test("takes the most specific host, whoever is older", () => {
    const hosts = [
      "*",
      "*.local",
      "*.cluster.local",
      "*.svc.cluster.local",
      "*.shop.svc.cluster.local",
      "ratings.shop.svc.cluster.local",
    ];
    const given = hosts.map((host, index) =>
      wildcard(host).replace("name: w", `name: w${index}`).replace("name: wild", `name: "${host}"`),
    );
    fc.assert(
      fc.property(fc.shuffledSubarray(given, { minLength: 1 }), (chosen) => {
        const aged = chosen.map((yaml, index) =>
          yaml.replace("namespace: shop", `namespace: shop, creationTimestamp: "2024-01-01T00:00:0${index}Z"`),
        );
        const best = Math.max(...chosen.map((yaml) => given.indexOf(yaml)));
        expect(namesFor(aged)).toEqual([hosts[best]]);
      }),
      { numRuns: 30 },
    );
  });

  test("gives the same array as long as nothing in it changed", () => {
    const world = worldOf(...shop, rules("a", `[{ ${to("ratings")} }]`));
    const before = buildSnapshot(world);
    const other = objectsOf(rules("z", `[{ ${to("reviews")} }]`).replace("[ratings]", "[other.example]"));
    const after = buildSnapshot(
      applyChanges(
        world,
        other.map((object) => ({ type: "put", object })),
      ),
      before,
    );
    expect(after.virtualServices).not.toBe(before.virtualServices);
    expect(httpRules(after, query())).toBe(httpRules(before, query()));
    const gone = applyChanges(world, [
      { type: "delete", ref: { kind: "Service", namespace: "shop", name: "ratings" } },
    ]);
    expect(httpRules(buildSnapshot(gone, before), query({ port: 80 }))[0]?.destinations[0]?.service).toBeUndefined();
  });
});

describe("httpRules() with delegates", () => {
  const root = rules(
    "root",
    `
    - { name: v1, match: [{ uri: { prefix: /v1 }, headers: { a: { exact: x } } }], timeout: 5s, delegate: { name: part } }
    - { name: rest, ${to("ratings")} }`,
  );
  const delegate = (http: string, exportTo = "") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: part, namespace: shop }
spec:
${exportTo}
  http: ${http}`;

  test("replaces the rule by the delegate's, narrowed, with what it leaves open taken from the root", () => {
    const list = `[{ name: stars, match: [{ uri: { prefix: /v1/stars }, headers: { b: { exact: y } } }], ${to("reviews")} }]`;
    const found = httpRules(buildSnapshot(worldOf(...shop, root, delegate(list))), query());
    expect(
      found.map(({ spec, matches, origin, path }) => ({
        name: spec.name,
        timeout: spec.timeout,
        matches,
        at: `${refText(origin)} ${path}`,
      })),
    ).toEqual([
      {
        name: "v1-stars",
        timeout: "5s",
        matches: [{ uri: { prefix: "/v1/stars" }, headers: { a: { exact: "x" }, b: { exact: "y" } } }],
        at: "VirtualService shop/part spec.http[0]",
      },
      { name: "rest", timeout: undefined, matches: [], at: "VirtualService shop/root spec.http[1]" },
    ]);
  });

  test.each([
    {
      name: "asks for what the root does not let through",
      http: `[{ match: [{ uri: { prefix: /v2 } }], ${to("reviews")} }]`,
      exportTo: "",
    },
    {
      name: "has a regular expression where the root matches, too",
      http: `[{ match: [{ uri: { regex: /v1.* } }], ${to("reviews")} }]`,
      exportTo: "",
    },
    {
      name: "contradicts a header",
      http: `[{ match: [{ headers: { a: { exact: y } } }], ${to("reviews")} }]`,
      exportTo: "",
    },
    { name: "is not exported to the root", http: `[{ ${to("reviews")} }]`, exportTo: "  exportTo: [other]" },
  ])("leaves the rule out when the delegate $name", ({ http, exportTo }) => {
    expect(namesFor([root, delegate(http, exportTo)])).toEqual(["rest"]);
  });

  test("leaves the rule out when there is no delegate", () => {
    expect(namesFor([root])).toEqual(["rest"]);
  });
});

test("tcpRules() keeps rules that can hold for the port, with their destinations", () => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: tcp, namespace: shop }
spec:
  hosts: [ratings]
  tcp:
    - { match: [{ port: 1 }], ${to("reviews")} }
    - { match: [{ port: 9080, sourceLabels: { app: productpage } }], ${to("ratings")} }`;
  const found = tcpRules(buildSnapshot(worldOf(...shop, yaml)), query());
  expect(found).toMatchObject([
    { path: "spec.tcp[1]", destinations: [{ host: "ratings.shop.svc.cluster.local", port: 9080 }] },
  ]);
});
