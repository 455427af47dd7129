import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nameSuffix, type OwnedPod, podOf, rollout, templateHash, uidOf } from "./deployments.ts";
import type { Deployment } from "./objects.ts";

const deployment = (image: string, replicas?: number): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    template: {
      metadata: { labels: { app: "web" }, annotations: { note: "x" } },
      spec: { containers: [{ name: "web", image }] },
    },
  },
});

describe("templateHash()", () => {
  test("differs with the template and with nothing else", () => {
    expect(templateHash(deployment("a"))).toBe(templateHash(deployment("a", 5)));
    expect(templateHash(deployment("a"))).not.toBe(templateHash(deployment("b")));
    expect(templateHash(deployment("a"))).toMatch(/^[b-z2-9]{10}$/);
  });
});

describe("rollout()", () => {
  const pod = (key: string, hash: string, ready: boolean): OwnedPod => ({ key, hash, ready });
  test.each([
    { name: "makes what is missing", wanted: 2, pods: [pod("a", "new", true)], want: { create: 1, remove: [] } },
    { name: "keeps what is enough", wanted: 1, pods: [pod("a", "new", false)], want: { create: 0, remove: [] } },
    {
      name: "ends the unready of too many",
      wanted: 1,
      pods: [pod("a", "new", false), pod("b", "new", true)],
      want: { create: 0, remove: ["a"] },
    },
    {
      name: "ends all at zero",
      wanted: 0,
      pods: [pod("a", "new", true), pod("b", "old", true)],
      want: { create: 0, remove: ["a", "b"] },
    },
    {
      name: "keeps old pods until the new are ready",
      wanted: 1,
      pods: [pod("a", "old", true), pod("b", "new", false)],
      want: { create: 0, remove: [] },
    },
    {
      name: "ends old pods when the new are ready",
      wanted: 1,
      pods: [pod("a", "old", true), pod("b", "new", true)],
      want: { create: 0, remove: ["a"] },
    },
  ])("$name", ({ wanted, pods, want }) => {
    expect(rollout(wanted, "new", pods)).toEqual(want);
  });

  test("ends with exactly the wanted pods, however it starts", () => {
    const pods = fc.array(fc.record({ hash: fc.constantFrom("old", "new"), ready: fc.boolean() }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.nat(4), pods, (wanted, start) => {
        let now = start.map((one, index) => pod(`s${index}`, one.hash, one.ready));
        for (let round = 0; round < 4; round++) {
          const { create, remove } = rollout(wanted, "new", now);
          const made = Array.from({ length: create }, (_, index) => pod(`n${round}.${index}`, "new", true));
          now = [...now.filter(({ key }) => !remove.includes(key)), ...made].map((one) => ({ ...one, ready: true }));
        }
        expect(now.map(({ hash }) => hash)).toEqual(Array.from({ length: wanted }, () => "new"));
      }),
    );
  });
});

test("podOf() makes a pod that a ReplicaSet would send", () => {
  const { metadata, spec } = podOf(deployment("a"), "hash");
  expect(metadata).toMatchObject({
    generateName: "web-hash-",
    namespace: "shop",
    labels: { app: "web", "pod-template-hash": "hash" },
    annotations: { note: "x" },
    ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-hash", controller: true }],
  });
  expect(metadata).not.toHaveProperty("name");
  expect(spec.containers).toHaveLength(1);
});

test("nameSuffix() gives five letters", () => {
  expect(nameSuffix(new Uint8Array([0, 1, 2, 255, 27]))).toMatch(/^[b-z2-9]{5}$/);
});

test("uidOf() gives the same uid for the same name", () => {
  expect(uidOf("a")).toBe(uidOf("a"));
  expect(uidOf("a")).not.toBe(uidOf("b"));
  expect(uidOf("a")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
});
