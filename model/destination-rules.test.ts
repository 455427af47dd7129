import { describe, expect, test } from "vitest";
import { refText } from "../base/object-ref.ts";
import { buildSnapshot } from "./build.ts";
import { destinationRuleFor, trafficPolicyFor } from "./destination-rules.ts";
import { hostname } from "./hosts.ts";
import { shop } from "./testing/shop.ts";
import { worldOf } from "./testing/world-of.ts";

const ratings = hostname("ratings.shop.svc.cluster.local");
const caller = (namespace: string, labels = {}) => ({ namespace, labels });

interface Written {
  readonly at: string;
  readonly host?: string;
  readonly more?: string;
}

const rule = ({ at, host = "ratings.shop.svc.cluster.local", more = "" }: Written) => {
  const [namespace, name] = at.split("/");
  return `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: ${namespace} }
spec: { host: "${host}", trafficPolicy: { loadBalancer: { simple: RANDOM } } ${more} }`;
};

const originsFor = (written: readonly Written[], view: Parameters<typeof destinationRuleFor>[1]) =>
  destinationRuleFor(buildSnapshot(worldOf(...shop, ...written.map(rule))), view, ratings)?.origins.map(refText);

describe("destinationRuleFor()", () => {
  const all: readonly Written[] = [{ at: "client/a" }, { at: "shop/a" }, { at: "istio-system/a" }];
  test.each([
    { name: "the caller's namespace first", written: all, from: "client", want: "client/a" },
    { name: "then the service's", written: all, from: "other", want: "shop/a" },
    {
      name: "then the root namespace",
      written: [{ at: "istio-system/a" }, { at: "far/a" }],
      from: "other",
      want: "istio-system/a",
    },
    {
      name: "for gateways in the root namespace the service's before the mesh's defaults",
      written: all,
      from: "istio-system",
      want: "shop/a",
    },
    {
      name: "not what the service's namespace keeps for itself",
      written: [{ at: "shop/a", more: ', exportTo: ["."]' }],
      from: "other",
      want: undefined,
    },
    {
      name: "the caller's own, whomever it is exported to",
      written: [{ at: "client/a", more: ", exportTo: [other]" }],
      from: "client",
      want: "client/a",
    },
    {
      name: "the most specific host",
      written: [
        { at: "shop/a", host: "*" },
        { at: "shop/b", host: "*.shop.svc.cluster.local" },
      ],
      from: "shop",
      want: "shop/b",
    },
    {
      name: "an exact host before any wildcard",
      written: [
        { at: "shop/a", host: "*.shop.svc.cluster.local" },
        { at: "shop/b", host: "ratings" },
      ],
      from: "shop",
      want: "shop/b",
    },
    {
      name: "a short host of the rule's namespace",
      written: [{ at: "shop/b", host: "ratings.shop" }],
      from: "shop",
      want: "shop/b",
    },
  ])("takes $name", ({ written, from, want }) => {
    expect(originsFor(written, caller(from))).toEqual(want === undefined ? undefined : [`DestinationRule ${want}`]);
  });

  test("takes one that selects the caller before one for all", () => {
    const written = [
      { at: "shop/all" },
      { at: "shop/some", more: ", workloadSelector: { matchLabels: { app: web } }" },
    ];
    expect(originsFor(written, caller("shop", { app: "web" }))).toEqual(["DestinationRule shop/some"]);
    expect(originsFor(written, caller("shop", { app: "job" }))).toEqual(["DestinationRule shop/all"]);
  });

  test("merges several for one host: subsets add up, the oldest's policy counts; the same object each time", () => {
    const written = [
      rule({ at: "shop/a", more: ", subsets: [{ name: v1, labels: { version: v1 } }]" }),
      rule({
        at: "shop/b",
        more: ", subsets: [{ name: v1, labels: { version: x } }, { name: v2, labels: { version: v2 } }]",
      }).replace("RANDOM", "ROUND_ROBIN"),
    ];
    const snapshot = buildSnapshot(worldOf(...shop, ...written));
    const found = destinationRuleFor(snapshot, caller("shop"), ratings);
    expect([...(found?.subsets ?? [])]).toEqual([
      ["v1", { labels: { version: "v1" } }],
      ["v2", { labels: { version: "v2" } }],
    ]);
    expect(found?.policy?.loadBalancer?.simple).toBe("RANDOM");
    expect(destinationRuleFor(snapshot, caller("other"), ratings)).toBe(found);
  });
});

describe("trafficPolicyFor()", () => {
  const written = `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ratings, namespace: shop }
spec:
  host: ratings
  trafficPolicy:
    loadBalancer: { simple: RANDOM }
    connectionPool: { tcp: { maxConnections: 1 } }
    portLevelSettings: [{ port: { number: 81 }, loadBalancer: { simple: ROUND_ROBIN } }]
  subsets:
    - { name: plain }
    - { name: pool, trafficPolicy: { connectionPool: { tcp: { maxConnections: 2 } } } }
    - { name: port, trafficPolicy: { portLevelSettings: [{ port: { number: 81 }, tls: { mode: DISABLE } }] } }`;
  const found = destinationRuleFor(buildSnapshot(worldOf(...shop, written)), caller("shop"), ratings);
  const random = { simple: "RANDOM" };
  const one = { tcp: { maxConnections: 1 } };
  test.each([
    { subset: undefined, port: 80, want: { loadBalancer: random, connectionPool: one } },
    { subset: "plain", port: 80, want: { loadBalancer: random, connectionPool: one } },
    { subset: "unknown", port: 80, want: { loadBalancer: random, connectionPool: one } },
    { subset: "pool", port: 80, want: { loadBalancer: random, connectionPool: { tcp: { maxConnections: 2 } } } },
    { subset: undefined, port: 81, want: { loadBalancer: { simple: "ROUND_ROBIN" } } },
    {
      subset: "pool",
      port: 81,
      want: { loadBalancer: { simple: "ROUND_ROBIN" }, connectionPool: { tcp: { maxConnections: 2 } } },
    },
    { subset: "port", port: 81, want: { tls: { mode: "DISABLE" } } },
    { subset: "port", port: 80, want: { loadBalancer: random, connectionPool: one } },
  ])("is for subset $subset and port $port $want", ({ subset, port, want }) => {
    expect(trafficPolicyFor(found, subset, port)).toEqual(want);
    expect(trafficPolicyFor(found, subset, port)).toBe(trafficPolicyFor(found, subset, port));
  });

  test("is empty without a rule", () => {
    expect(trafficPolicyFor(undefined, "v1", 80)).toEqual({});
  });
});
