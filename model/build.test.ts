import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AnyObject } from "../api/kinds.ts";
import { refOf } from "../api/object.ts";
import { buildSnapshot } from "./build.ts";
import { hostname } from "./hosts.ts";
import type { Snapshot } from "./snapshot.ts";
import { pod, shop } from "./testing/shop.ts";
import { objectOf, objectsOf, worldOf } from "./testing/world-of.ts";
import { applyChanges, type Change, emptyWorld, type World } from "./world.ts";

const objects = shop.flatMap(objectsOf);
const reviews = hostname("reviews.shop.svc.cluster.local");
const ratings = hostname("ratings.shop.svc.cluster.local");

const put = (object: AnyObject): Change => ({ type: "put", object });

/** The world with the objects of a text put into it. */
function withObjects(world: World, ...yaml: readonly string[]): World {
  return applyChanges(world, yaml.flatMap(objectsOf).map(put));
}

describe("buildSnapshot() endpoints", () => {
  test("has the ready pods that a Service selects, ports by name, with identity and mutual TLS", () => {
    const { endpoints } = buildSnapshot(worldOf(...shop));
    expect(endpoints.get(reviews)?.map(({ address }) => address)).toEqual(["10.1.0.1", "10.1.0.2"]);
    expect(endpoints.get(ratings)).toMatchObject([
      {
        address: "10.1.1.1",
        ports: { 9080: 8080 },
        meshTls: true,
        identity: "spiffe://cluster.local/ns/shop/sa/ratings",
        workload: "shop/ratings-1",
      },
    ]);
  });

  const notReady = pod("ratings-1", "ratings", "10.1.1.1").replace('status: "True"', 'status: "False"');
  const leaving = pod("ratings-1", "ratings", "10.1.1.1", '  deletionTimestamp: "2024-03-01T00:00:00Z"');
  const withoutSidecar = pod("ratings-1", "ratings", "10.1.1.1").replace(", security.istio.io/tlsMode: istio", "");
  const plainPort = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: plain, namespace: shop }
spec: { selector: { matchLabels: { app: ratings } }, portLevelMtls: { 8080: { mode: DISABLE } } }`;
  test.each([
    { name: "a pod that is not ready", given: notReady, want: [] },
    { name: "a pod that is being deleted", given: leaving, want: [] },
    { name: "a pod without sidecar", given: withoutSidecar, want: [{ meshTls: false }] },
    { name: "a port on which mutual TLS is off", given: plainPort, want: [{ meshTls: false }] },
  ])("follow $name", ({ given, want }) => {
    const { endpoints } = buildSnapshot(worldOf(...shop, given));
    expect(endpoints.get(ratings)).toHaveLength(want.length);
    expect(endpoints.get(ratings)).toMatchObject(want);
  });

  test("take the addresses of EndpointSlices where a Service has no selector", () => {
    const world = worldOf(`
apiVersion: v1
kind: Service
metadata: { name: legacy, namespace: shop }
spec: { clusterIP: 10.96.0.9, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: legacy-1, namespace: shop, labels: { kubernetes.io/service-name: legacy } }
addressType: IPv4
endpoints: [{ addresses: [192.0.2.1] }, { addresses: [192.0.2.2], conditions: { ready: false } }]
ports: [{ name: http, port: 8000 }]`);
    const list = buildSnapshot(world).endpoints.get(hostname("legacy.shop.svc.cluster.local"));
    expect(list).toMatchObject([{ address: "192.0.2.1", ports: { 80: 8000 }, meshTls: false }]);
  });

  test.each([
    { given: "{ address: 192.0.2.3, serviceAccount: vm }", want: true },
    { given: "{ address: 192.0.2.3, labels: { security.istio.io/tlsMode: istio } }", want: true },
    {
      given: "{ address: 192.0.2.3, serviceAccount: vm, labels: { security.istio.io/tlsMode: disabled } }",
      want: false,
    },
    { given: "{ address: 192.0.2.3 }", want: false },
  ])("of a ServiceEntry take mutual TLS ($want) where $given is written", ({ given, want }) => {
    const world = worldOf(`
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: vm, namespace: shop }
spec:
  hosts: [vm.example]
  location: MESH_INTERNAL
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [${given}]`);
    expect(buildSnapshot(world).endpoints.get(hostname("vm.example"))).toMatchObject([{ meshTls: want }]);
  });

  test("leave out what an EndpointSlice has in place of an address, which Envoy refuses", () => {
    const slice = (name: string, type: string, address: string) => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: legacy } }
addressType: ${type}
endpoints: [{ addresses: ["${address}"] }]
ports: [{ name: http, port: 8000 }]`;
    const world = worldOf(
      `
apiVersion: v1
kind: Service
metadata: { name: legacy, namespace: shop }
spec: { clusterIP: 10.96.0.9, ports: [{ name: http, port: 80 }] }`,
      slice("name", "FQDN", "db.example.com"),
      slice("nonsense", "IPv4", "db.example.com"),
      slice("ipv6", "IPv6", "2001:db8::1"),
    );
    const list = buildSnapshot(world).endpoints.get(hostname("legacy.shop.svc.cluster.local"));
    expect(list?.map(({ address }) => address)).toEqual(["2001:db8::1"]);
  });

  const entry = (resolution: string, endpoints: string, port = "http") => `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: shop }
spec:
  hosts: [api.example]
  addresses: [192.0.2.9, 192.0.2.9]
  ports: [{ number: 80, name: ${port}, protocol: HTTP, targetPort: 8000 }]
  resolution: ${resolution}
  endpoints: ${endpoints}`;
  test.each([
    { resolution: "STATIC", endpoints: "[{ address: 192.0.2.1, ports: { http: 81 } }]", want: [["192.0.2.1", 81]] },
    { resolution: "DNS", endpoints: "[]", want: [["api.example", 8000]] },
    { resolution: "DNS", endpoints: "[{ address: a.example }]", want: [["a.example", 8000]] },
    { resolution: "NONE", endpoints: "[]", want: [] },
  ])("of a ServiceEntry with $resolution and $endpoints are $want", ({ resolution, endpoints, want }) => {
    const list = buildSnapshot(worldOf(entry(resolution, endpoints))).endpoints.get(hostname("api.example"));
    expect(list?.map(({ address, ports }) => [address, ports[80]])).toEqual(want);
  });

  test("have the ports that are written down, whatever these are called", () => {
    const endpoints = "[{ address: 192.0.2.1 }, { address: 192.0.2.2, ports: { constructor: 81 } }]";
    const snapshot = buildSnapshot(worldOf(entry("STATIC", endpoints, "constructor")));
    const ports = snapshot.endpoints.get(hostname("api.example"))?.map((endpoint) => endpoint.ports[80]);
    expect(ports).toEqual([8000, 81]);
  });

  test("stand behind each address once, however often it is written", () => {
    const { services } = buildSnapshot(worldOf(entry("STATIC", "[]")));
    expect(services.get(hostname("api.example"))?.addresses).toEqual(["192.0.2.9"]);
  });
});

describe("buildSnapshot() in a cluster with a domain of its own", () => {
  const mesh = (domain: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "pillion: { clusterDomain: ${domain} }" }`;
  const rules = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews, namespace: shop }
spec: { hosts: [reviews], http: [{ route: [{ destination: { host: ratings.shop } }] }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: shop }
spec: { host: reviews }`;
  const namesIn = (snapshot: Snapshot) => [
    [...snapshot.services.keys()].find((host) => host.startsWith("reviews.shop.")),
    snapshot.virtualServices.map(({ spec }) => [spec.hosts, spec.http?.[0]?.route?.[0]?.destination.host]),
    snapshot.destinationRules.map(({ spec }) => spec.host),
  ];
  const wanted = (domain: string) => [
    `reviews.shop.svc.${domain}`,
    [[[`reviews.shop.svc.${domain}`], `ratings.shop.svc.${domain}`]],
    [`reviews.shop.svc.${domain}`],
  ];

  test("completes all names with it, and follows it when it changes", () => {
    const world = worldOf(...shop, rules, mesh("k8s.corp"));
    const before = buildSnapshot(world);
    expect(before.mesh.clusterDomain).toBe("k8s.corp");
    expect(namesIn(before)).toEqual(wanted("k8s.corp"));
    const after = buildSnapshot(withObjects(world, mesh("cluster.local")), before);
    expect(namesIn(after)).toEqual(wanted("cluster.local"));
  });
});

describe("buildSnapshot()", () => {
  test("names the owner of a pod by its ReplicaSet's Deployment, and without it by the hash in the name", () => {
    const owned = `
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: reviews-v1-abc12, namespace: shop, ownerReferences: [{ kind: Rollout, name: reviews, controller: true }] }
spec: {}`;
    expect(buildSnapshot(worldOf(...shop)).workloads.get("shop/reviews-1")?.owner).toBe("Deployment/reviews-v1");
    expect(buildSnapshot(worldOf(...shop, owned)).workloads.get("shop/reviews-1")?.owner).toBe("Rollout/reviews");
  });

  test("leaves the proxy's own ports out of a workload", () => {
    const { workloads } = buildSnapshot(worldOf(...shop));
    expect(workloads.get("shop/reviews-1")?.ports).toEqual([{ name: "web", number: 8080, protocol: "TCP" }]);
  });

  test("reads mesh settings and address ranges", () => {
    const config = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "trustDomain: example.org" }`;
    const { mesh, workloads } = buildSnapshot(worldOf(...shop, config));
    expect(mesh).toMatchObject({
      trustDomain: "example.org",
      servicePrefixes: ["10.96.0.0/16"],
      podPrefixes: ["10.1.0.0/24", "10.1.1.0/24"],
    });
    expect(workloads.get("shop/reviews-1")?.identity).toBe("spiffe://example.org/ns/shop/sa/reviews");
  });

  test("keeps the same settings when a Service takes an address elsewhere in the range", () => {
    const before = buildSnapshot(worldOf(...shop));
    const service = (name: string, address: string) =>
      `{ apiVersion: v1, kind: Service, metadata: { name: ${name}, namespace: shop }, spec: { clusterIP: ${address} } }`;
    const { mesh } = buildSnapshot(worldOf(...shop, service("far", "10.96.77.1")), before);
    expect(mesh).toBe(before.mesh);
  });

  test("gives a host to the Kubernetes Service, whoever is older", () => {
    const world = worldOf(
      ...shop,
      `
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: thief, namespace: other, creationTimestamp: "2020-01-01T00:00:00Z" }
spec: { hosts: [reviews.shop.svc.cluster.local], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }`,
    );
    const { services, rivals } = buildSnapshot(world);
    expect(services.get(reviews)?.origin.kind).toBe("Service");
    expect(rivals.get(reviews)?.map(({ origin }) => origin.name)).toEqual(["thief"]);
  });

  test("is equal for every order of events", () => {
    const want = buildSnapshot(applyChanges(emptyWorld(), objects.map(put)));
    fc.assert(
      fc.property(fc.shuffledSubarray([...objects], { minLength: objects.length }), (order) => {
        const step = order.reduce<{ world: World; snapshot: Snapshot | undefined }>(
          ({ world, snapshot }, object) => {
            const next = applyChanges(world, [put(object)]);
            return { world: next, snapshot: buildSnapshot(next, snapshot) };
          },
          { world: emptyWorld(), snapshot: undefined },
        );
        expect(step.snapshot).toEqual(want);
        expect([...(step.snapshot?.services.keys() ?? [])]).toEqual([...want.services.keys()]);
        expect([...(step.snapshot?.workloads.keys() ?? [])]).toEqual([...want.workloads.keys()]);
      }),
      { numRuns: 50 },
    );
  });

  test("after any changes is what a fresh one is", () => {
    const change = fc.oneof(
      fc.constantFrom(...objects).map(put),
      fc
        .constantFrom(...objects)
        .map(({ kind, metadata }): Change => ({ type: "delete", ref: { ...refOf({ kind, metadata }), kind } })),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        let world = emptyWorld();
        let snapshot = buildSnapshot(world);
        for (const each of changes) {
          world = applyChanges(world, [each]);
          snapshot = buildSnapshot(world, snapshot);
        }
        expect(snapshot).toEqual(buildSnapshot(world));
      }),
      { numRuns: 100 },
    );
  });
});

describe("buildSnapshot() keeps identity", () => {
  const world = worldOf(...shop);
  const before = buildSnapshot(world);

  test("of everything when nothing changed", () => {
    const account = "{ apiVersion: v1, kind: ServiceAccount, metadata: { name: idle, namespace: shop } }";
    expect(buildSnapshot(world, before)).toBe(before);
    expect(buildSnapshot(withObjects(world, account), before)).toBe(before);
  });

  test("of everything when an object is put again with another resourceVersion", () => {
    const touched = objects.filter(({ kind }) => kind === "Pod" || kind === "Service");
    const again = touched.map((object) => put({ ...object, metadata: { ...object.metadata, resourceVersion: "7" } }));
    const after = buildSnapshot(applyChanges(world, again), before);
    for (const [part, value] of Object.entries(after)) expect(value, part).toBe(before[part as keyof Snapshot]);
  });

  test("of all but the endpoints that a pod belonged to", () => {
    const after = buildSnapshot(
      withObjects(world, pod("ratings-1", "ratings", "10.1.1.1").replace('"True"', '"False"')),
      before,
    );
    expect(after.endpoints.get(ratings)).toEqual([]);
    expect(after.endpoints.get(reviews)).toBe(before.endpoints.get(reviews));
    expect(after.services).toBe(before.services);
    expect(after.virtualServices).toBe(before.virtualServices);
    expect(after.mesh).toBe(before.mesh);
  });

  test("of the endpoints that stay when another comes", () => {
    const after = buildSnapshot(withObjects(world, pod("reviews-3", "reviews", "10.1.0.3")), before);
    expect(after.endpoints.get(reviews)).toHaveLength(3);
    expect(after.endpoints.get(reviews)?.[0]).toBe(before.endpoints.get(reviews)?.[0]);
    expect(after.endpoints.get(ratings)).toBe(before.endpoints.get(ratings));
  });

  test("of all but the VirtualServices when one comes", () => {
    const other = objectOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ratings, namespace: shop }
spec: { hosts: [ratings], http: [{ route: [{ destination: { host: ratings } }] }] }`);
    const after = buildSnapshot(applyChanges(world, [put(other)]), before);
    expect(after.virtualServices).toHaveLength(2);
    expect(after.virtualServices[0]).toBe(before.virtualServices[0]);
    const { virtualServices: _after, ...rest } = after;
    for (const [part, value] of Object.entries(rest)) expect(value, part).toBe(before[part as keyof Snapshot]);
  });
});
