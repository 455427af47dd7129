import { expect, test } from "vitest";
import type { AnyObject } from "../api/kinds.ts";
import { applyChanges, emptyWorld, lookUp, type World } from "../model/world.ts";
import { recentlyAdmitted } from "./recently-admitted.ts";

function entry(host: string, creationTimestamp?: string): AnyObject {
  const metadata = { name: "out", namespace: "shop", labels: {}, annotations: {}, ownerReferences: [] };
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "ServiceEntry",
    metadata: creationTimestamp === undefined ? metadata : { ...metadata, creationTimestamp },
    spec: { hosts: [host] },
  };
}

const put = (world: World, object: AnyObject) => applyChanges(world, [{ type: "put", object }]);
const hostIn = (world: World) => lookUp(world, "ServiceEntry", "shop", "out")?.spec.hosts[0];
const ref = { kind: "ServiceEntry", namespace: "shop", name: "out" } as const;

test("recentlyAdmitted() adds what was let in, for five seconds", () => {
  let now = 0;
  const recent = recentlyAdmitted(() => now);
  const world = emptyWorld();
  expect(recent.over(world)).toBe(world);
  recent.remember(entry("a.example"));
  expect(hostIn(recent.over(world))).toBe("a.example");
  expect(recent.over(world)).toBe(recent.over(world));
  now = 5_000;
  expect(recent.over(world)).toBe(world);
});

test("recentlyAdmitted() adds the newer of two forms, and nothing that was deleted", () => {
  const recent = recentlyAdmitted(() => 0);
  recent.remember(entry("a.example"));
  recent.over(emptyWorld());
  recent.remember(entry("b.example"));
  expect(hostIn(recent.over(emptyWorld()))).toBe("b.example");
  recent.forget("ServiceEntry", "shop", "out");
  recent.forget("Gadget", "shop", "out");
  expect(hostIn(recent.over(emptyWorld()))).toBeUndefined();
});

test("recentlyAdmitted() leaves an object to the world once it has come back", () => {
  const recent = recentlyAdmitted(() => 0);
  recent.remember(entry("a.example"));
  const stored = put(emptyWorld(), entry("a.example", "2026-01-01T00:00:00Z"));
  expect(recent.over(stored)).toBe(stored);
  // Another replica lets it be changed, and deleted.
  expect(hostIn(recent.over(put(stored, entry("b.example"))))).toBe("b.example");
  expect(hostIn(recent.over(applyChanges(stored, [{ type: "delete", ref }])))).toBeUndefined();
});

test("recentlyAdmitted() holds on to an update while the world shows the form before", () => {
  const recent = recentlyAdmitted(() => 0);
  const stored = put(emptyWorld(), entry("a.example", "2026-01-01T00:00:00Z"));
  recent.remember(entry("b.example", "2026-01-01T00:00:00Z"));
  expect(hostIn(recent.over(stored))).toBe("b.example");
});
