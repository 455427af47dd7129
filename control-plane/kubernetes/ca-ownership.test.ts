import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../injector/json.ts";
import { claimed } from "./ca-ownership.ts";

const roleOf = (name: string, uid = `uid-of-${name}`) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  name,
  uid,
});
const someone = { apiVersion: "v1", kind: "ConfigMap", name: "backup", uid: "uid-of-backup" };
const secret = (owners: readonly JsonObject[], annotations: Readonly<Record<string, string>> = {}): JsonObject => ({
  metadata: { name: "pillion-ca", annotations, ownerReferences: [...owners] },
});
const claim = (revision: string, keepCa = false) => ({ revision, owner: roleOf(revision), keepCa });
const kept = { "keep.pillion.io/blue": "true" };

describe("claimed()", () => {
  test.each([
    { name: "adds its own owner to none", given: secret([]), by: claim("blue"), owners: ["blue"] },
    { name: "adds its own to others", given: secret([roleOf("green")]), by: claim("blue"), owners: ["green", "blue"] },
    {
      name: "replaces a role that is gone",
      given: secret([roleOf("blue", "old")]),
      by: claim("blue"),
      owners: ["blue"],
    },
    {
      name: "takes all roles away to keep it",
      given: secret([roleOf("green"), someone]),
      by: claim("blue", true),
      owners: ["backup"],
    },
    { name: "respects what another one keeps", given: secret([roleOf("green")], kept), by: claim("green"), owners: [] },
    {
      name: "owns it again when it is not to be kept any more",
      given: secret([], kept),
      by: claim("blue"),
      owners: ["blue"],
    },
    { name: "adds nothing without a role", given: secret([]), by: { ...claim("blue"), owner: undefined }, owners: [] },
  ])("$name", ({ given, by, owners }) => {
    const result = claimed(given, by);
    const { ownerReferences } = result["metadata"] as { ownerReferences: { name: string }[] }; // As the fixture made it.
    expect(ownerReferences.map(({ name }) => name)).toEqual(owners);
    expect(claimed(result, by)).toBe(result);
  });

  test("says who keeps it, and takes that back", () => {
    const keeping = claimed(secret([], { team: "mesh" }), claim("blue", true));
    expect(keeping["metadata"]).toMatchObject({ annotations: { team: "mesh", ...kept } });
    expect(claimed(keeping, claim("blue"))["metadata"]).toMatchObject({ annotations: { team: "mesh" } });
  });
});
