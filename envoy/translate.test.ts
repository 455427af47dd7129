// Golden files: what a mesh of a few objects becomes. `npm run golden` writes them anew; read the diff.
// And what translation promises beyond content: identity, completeness, no waiting for what does not exist.
import { fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnyObject } from "../api/kinds.ts";
import { buildSnapshot } from "../model/build.ts";
import { objectOf, objectsOf, worldOf } from "../model/testing/world-of.ts";
import { applyChanges, emptyWorld } from "../model/world.ts";
import { VirtualHostSchema } from "./proto/envoy/config/route/v3/route_components_pb.ts";
import { type ProxyNode, type ResourceName, type TypeUrl, typeUrls } from "./resource.ts";
import { goldenCase, goldenNames, shop } from "./testing/golden.ts";
import { yamlOf } from "./testing/readable.ts";
import { translator } from "./translate.ts";

const web: ProxyNode = { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.244.1.1" };

const learned: readonly ResourceName[] = [
  { type: typeUrls.virtualHost, name: "9080/reviews.shop.svc.cluster.local" },
  { type: typeUrls.cluster, name: "outbound|9080||reviews.shop.svc.cluster.local" },
  { type: typeUrls.endpoints, name: "outbound|9080||reviews.shop.svc.cluster.local" },
  { type: typeUrls.cluster, name: "tcp|10.96.1.3:9000" },
  { type: typeUrls.endpoints, name: "tcp|10.96.1.3:9000" },
];

describe("translator", () => {
  test.each(goldenNames())("resource() of %s is what the golden file says", async (name) => {
    const golden = goldenCase(name);
    await expect(yamlOf(golden.shown)).toMatchFileSnapshot(golden.outFile);
  });

  test("resource() gives the identical object as long as nothing in it changed", () => {
    const world = worldOf(shop());
    const before = buildSnapshot(world);
    const rule = objectOf(`
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: { name: reviews, namespace: shop }
      spec: { hosts: [reviews], http: [{ timeout: 1s, route: [{ destination: { host: reviews } }] }] }`);
    const after = buildSnapshot(applyChanges(world, [{ type: "put", object: rule }]), before);
    const names: [TypeUrl, string][] = [
      [typeUrls.listener, "virtualOutbound"],
      [typeUrls.listener, "virtualInbound"],
      [typeUrls.listener, "0.0.0.0_9080"],
      [typeUrls.listener, "probes"],
      [typeUrls.route, "9080"],
      [typeUrls.route, "9080~external"],
      [typeUrls.virtualHost, "8080/echo.shop.svc.cluster.local"],
      [typeUrls.virtualHost, "8080/nobody.example"],
      [typeUrls.cluster, "PassthroughCluster"],
      [typeUrls.cluster, "inbound|8080||"],
      [typeUrls.cluster, "outbound|9080||reviews.shop.svc.cluster.local"],
      [typeUrls.cluster, "tcp|10.96.1.3:9000"],
      [typeUrls.cluster, "tcp|10.244.1.4:9000"],
      [typeUrls.endpoints, "outbound|9080||reviews.shop.svc.cluster.local"],
      [typeUrls.endpoints, "tcp|10.96.1.3:9000"],
    ];
    for (const [type, name] of names) {
      const first = translator.resource(before, web, type, name);
      expect(first, name).toBeDefined();
      expect(translator.resource(after, web, type, name), name).toBe(first);
    }
    const changed = "9080/reviews.shop.svc.cluster.local";
    expect(translator.resource(after, web, typeUrls.virtualHost, changed)?.version).not.toBe(
      translator.resource(before, web, typeUrls.virtualHost, changed)?.version,
    );
  });

  test("resource() has the same version for any order of events, so that a restart sends nothing again", () => {
    const objects = objectsOf(shop());
    const versions = (order: readonly AnyObject[]): readonly string[] => {
      const puts = order.map((object) => ({ type: "put" as const, object }));
      const snapshot = buildSnapshot(applyChanges(emptyWorld(), puts));
      const names = [...translator.eager(snapshot, web), ...learned];
      return names.map(({ type, name }) => `${name} ${translator.resource(snapshot, web, type, name)?.version}`).sort();
    };
    const want = versions(objects);
    const orders = fc.shuffledSubarray([...objects], { minLength: objects.length });
    fc.assert(
      fc.property(orders, (order) => {
        expect(versions(order)).toEqual(want);
      }),
      { numRuns: 30 },
    );
  });

  test("resource() is shared by proxies of one namespace", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    const other: ProxyNode = { type: "sidecar", namespace: "shop", pod: "echo-v1-1", address: "10.244.1.4" };
    for (const [type, name] of [
      [typeUrls.listener, "0.0.0.0_9080"],
      [typeUrls.virtualHost, "9080/reviews.shop.svc.cluster.local"],
      [typeUrls.cluster, "outbound|9080||reviews.shop.svc.cluster.local"],
      [typeUrls.endpoints, "outbound|9080||reviews.shop.svc.cluster.local"],
    ] as const) {
      expect(translator.resource(snapshot, other, type, name), name).toBe(
        translator.resource(snapshot, web, type, name),
      );
    }
  });

  test("eager() names nothing that does not exist, and everything that it needs", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    const eager = translator.eager(snapshot, web);
    const names = new Set(eager.map(({ name }) => name));
    for (const { type, name } of eager) {
      const resource = translator.resource(snapshot, web, type, name);
      expect(resource, name).toBeDefined();
      for (const need of resource?.needs ?? []) {
        if (need.type === typeUrls.cluster) expect(names, `${name} needs ${need.name}`).toContain(need.name);
      }
    }
  });

  test("eager() gives nothing to a proxy whose pod nobody knows yet", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    expect(translator.eager(snapshot, { ...web, pod: "not-there" })).toEqual([]);
  });

  test.each([
    { asked: "9080/reviews", want: "9080/reviews.shop.svc.cluster.local" },
    { asked: "9080/reviews:9080", want: "9080/reviews.shop.svc.cluster.local" },
    { asked: "9080/Reviews.Shop", want: "9080/reviews.shop.svc.cluster.local" },
    { asked: "9080/10.96.1.2:9080", want: "9080/reviews.shop.svc.cluster.local" },
    { asked: "9080/reviews.shop.svc.cluster.local", want: "9080/reviews.shop.svc.cluster.local" },
    { asked: "9080/reviews:1234", want: "9080/reviews:1234" },
    { asked: "8000/reviews", want: "8000/reviews" },
    { asked: "9080/unknown.example:9080", want: "9080/unknown.example" },
  ])("virtualHostName() of $asked is $want", ({ asked, want }) => {
    const snapshot = buildSnapshot(worldOf(shop()));
    expect(translator.virtualHostName(snapshot, web, asked)).toBe(want);
  });

  test("resource() has a virtual host for every name that virtualHostName() gives, with the authority asked for", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    const authorities = [
      ...["reviews", "reviews:9080", "reviews:1234", "reviews.shop.svc.cluster.local.", "10.96.1.2:9080"],
      ...["no.such.host", "10.244.1.2"],
    ];
    for (const authority of authorities) {
      const name = translator.virtualHostName(snapshot, web, `9080/${authority}`);
      const resource = translator.resource(snapshot, web, typeUrls.virtualHost, name);
      expect(domainsOf(resource?.bytes), authority).toContain(authority);
    }
  });

  test.each(["pod-0.direct", "pod-0.direct.shop", "pod-0.direct.shop.svc.cluster.local"])(
    "resource() takes %s, a pod's name below a headless Service, for that Service",
    (authority) => {
      const snapshot = buildSnapshot(worldOf(shop()));
      const name = translator.virtualHostName(snapshot, web, `8080/${authority}`);
      const resource = translator.resource(snapshot, web, typeUrls.virtualHost, name);
      expect(domainsOf(resource?.bytes)).toEqual([authority, `${authority}:8080`]);
      expect(resource?.needs.map((need) => need.name)).toEqual(["outbound|8080||direct.shop.svc.cluster.local"]);
    },
  );

  test("resource() never puts one domain into two virtual hosts, whatever is asked for", () => {
    const twin = `
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: { name: twin, namespace: shop, creationTimestamp: "2026-02-01T00:00:00Z" }
      spec:
        hosts: [twin.example, "*.example"]
        addresses: [10.96.1.2]
        ports: [{ number: 9080, name: http, protocol: HTTP }]
        resolution: STATIC`;
    const snapshot = buildSnapshot(worldOf(shop(), twin));
    const label = fc.constantFrom("reviews", "echo", "twin", "nobody", "10.96.1.2", "10.244.1.2", "[fd00::1]");
    const suffix = fc.constantFrom("", ".shop", ".shop.svc", ".shop.svc.cluster.local", ".example", ".other");
    const tail = fc.constantFrom("", ":9080", ":8000");
    const authority = fc.tuple(label, suffix, tail).map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.uniqueArray(authority, { maxLength: 20 }), fc.constantFrom(9080, 8000), (authorities, port) => {
        const names = new Set(authorities.map((one) => translator.virtualHostName(snapshot, web, `${port}/${one}`)));
        const domains = [...names].flatMap((name) =>
          domainsOf(translator.resource(snapshot, web, typeUrls.virtualHost, name)?.bytes),
        );
        expect(new Set(domains).size).toBe(domains.length);
        for (const one of authorities) expect(domains).toContain(one);
      }),
    );
  });

  test("everyHost() names virtual hosts that there are, of all services with a virtual address", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    const hosts = translator.everyHost(snapshot, web);
    expect(hosts).toContainEqual({ type: typeUrls.virtualHost, name: "9080/reviews.shop.svc.cluster.local" });
    for (const { type, name } of hosts) expect(translator.resource(snapshot, web, type, name)?.name).toBe(name);
    expect(translator.everyHost(snapshot, { ...web, type: "gateway" })).toEqual([]);
  });

  test("knows() is about the proxy's pod", () => {
    const snapshot = buildSnapshot(worldOf(shop()));
    expect([web, { ...web, pod: "gone" }].map((proxy) => translator.knows(snapshot, proxy))).toEqual([true, false]);
  });

  test.each(["9080/*", "9080/reviews", "9080/reviews:9080", "nonsense"])(
    "resource() has no virtual host under the name %s",
    (name) => {
      const snapshot = buildSnapshot(worldOf(shop()));
      expect(translator.resource(snapshot, web, typeUrls.virtualHost, name)).toBeUndefined();
    },
  );
});

function domainsOf(bytes: Uint8Array | undefined): readonly string[] {
  return bytes === undefined ? [] : fromBinary(VirtualHostSchema, bytes).domains;
}
