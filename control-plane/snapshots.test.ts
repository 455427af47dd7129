import { expect, test } from "vitest";
import { parse } from "../api/parse.ts";
import { applyChanges, emptyWorld, type World } from "../model/world.ts";
import { createSnapshots } from "./snapshots.ts";

function withMesh(world: World, mesh: string): World {
  const metadata = { namespace: "istio-system", name: "istio" };
  const parsed = parse({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { mesh } }, { defaultNamespace: "x" });
  if (parsed.type !== "object") throw new Error("not an object");
  return applyChanges(world, [{ type: "put", object: parsed.object }]);
}

test("createSnapshots() holds the trust domain while everything else follows the mesh configuration", () => {
  const snapshots = createSnapshots(emptyWorld());
  snapshots.publish(withMesh(emptyWorld(), "trustDomain: old"));
  expect(snapshots.holdTrustDomain()).toBe("old");
  snapshots.publish(withMesh(emptyWorld(), "{ trustDomain: new, accessLogFile: /dev/stdout }"));
  const { mesh } = snapshots.current();
  expect([mesh.trustDomain, mesh.config.trustDomain, mesh.config.accessLogFile]).toEqual(["old", "old", "/dev/stdout"]);
  const before = snapshots.current();
  snapshots.publish(withMesh(emptyWorld(), "{ trustDomain: newer, accessLogFile: /dev/stdout }"));
  expect(snapshots.current()).toBe(before);
});
