import { expect, test } from "vitest";
import { typeUrls } from "../envoy/resource.ts";
import type { ProxyStatus } from "../xds/status.ts";
import { createSyncz, synczProxy } from "./syncz.ts";

const { cluster, virtualHost } = typeUrls;

const status: ProxyStatus = {
  proxy: { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.0.0.1" },
  identity: "spiffe://cluster.local/ns/shop/sa/web",
  workload: "shop/web",
  facts: { envoyVersion: "1.40.0", cluster: "Kubernetes", revision: "default" },
  connectedMs: 61_999,
  quietMs: 12_345,
  types: new Map([[cluster, { state: "SYNCED", ageMs: 12_345 }]]),
  synced: true,
  held: new Map([[cluster, 7]]),
  hosts: ["80/reviews"],
  asked: 3,
  learned: 2,
  learnedIsFull: false,
  refused: [],
  late: [],
  waiting: [],
  unacknowledged: [],
};

test("synczProxy() tells what a proxy is, where each type stands, and nothing of its identity", () => {
  const nothing = { status: "NOT SENT", resources: 0 };
  expect(synczProxy(status, false)).toEqual({
    name: "web-1.shop",
    cluster: "Kubernetes",
    type: "sidecar",
    revision: "default",
    envoyVersion: "1.40.0",
    connectedSeconds: 61,
    lastSentSeconds: 12,
    types: {
      CDS: { status: "SYNCED", ageSeconds: 12, resources: 7 },
      ...{ LDS: nothing, EDS: nothing, RDS: nothing, VHDS: nothing, SDS: nothing, ECDS: nothing },
    },
    hosts: { held: 1, learned: 2, full: false },
    errors: [],
  });
});

test("synczProxy() names the objects of what Envoy refused, and cuts its words", () => {
  const provenance = [{ kind: "VirtualService", namespace: "shop", name: "reviews" }];
  const refused = { type: virtualHost, name: "80/reviews", reason: "no ".repeat(1_000), provenance };
  const { errors } = synczProxy({ ...status, refused: Array.from({ length: 30 }, () => refused) }, false);
  expect(errors).toHaveLength(20);
  expect(errors[0]).toMatchObject({ type: "VHDS", resource: "80/reviews", objects: ["VirtualService shop/reviews"] });
  expect(errors[0]?.message).toHaveLength(1_000);
});

test("synczProxy() tells names only in detail", () => {
  const name = { type: cluster, name: "web" };
  const late = [{ type: virtualHost, name: "80/reviews", missing: [name] }];
  const busy = { ...status, unacknowledged: [name], waiting: [name], late };
  expect(synczProxy(busy, false)).not.toHaveProperty("detail");
  expect(synczProxy(busy, true).detail).toEqual({
    hosts: ["80/reviews"],
    unacknowledged: ["CDS web"],
    waiting: ["CDS web"],
    late: ["VHDS 80/reviews, without CDS web"],
  });
});

test("createSyncz() says nothing before somebody serves, and looks again only after a second", () => {
  let nowMs = 0;
  let looks = 0;
  let proxies: readonly ProxyStatus[] | undefined;
  const look = () => {
    looks += 1;
    return proxies;
  };
  const syncz = createSyncz({ proxies: look, revision: "canary", now: () => nowMs });
  expect(syncz(undefined)).toBeUndefined();
  proxies = [status, { ...status, proxy: { ...status.proxy, pod: "web-2" } }];
  const names = (proxy?: string) => syncz(proxy)?.proxies.map(({ name }) => name);
  expect(names()).toEqual(["web-1.shop", "web-2.shop"]);
  expect(names("web-2.shop")).toEqual(["web-2.shop"]);
  proxies = [];
  nowMs = 999;
  expect([names()?.length, looks]).toEqual([2, 2]);
  nowMs = 1_000;
  expect([names(), looks]).toEqual([[], 3]);
  expect(syncz(undefined)).toMatchObject({ controlPlane: "pillion", revision: "canary" });
});
