import { describe, expect, test } from "vitest";
import { crdFor } from "./crd.ts";
import { descriptions } from "./kinds.ts";

const meshKinds = Object.values(descriptions).filter(({ meshKind }) => meshKind);

/** All keys of all objects in a value, except the names of properties. */
function keywordsIn(schema: unknown, isProperties = false): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const own = isProperties ? [] : Object.keys(schema);
  return [
    ...own,
    ...Object.entries(schema).flatMap(([key, value]) => keywordsIn(value, key === "properties" && !isProperties)),
  ];
}

describe("crdFor()", () => {
  test.each(meshKinds)("refuses nothing of the right type in a $kind", (description) => {
    const [version] = crdFor(description).spec.versions;
    expect([...new Set(keywordsIn(version?.schema.openAPIV3Schema))].sort()).toEqual(
      expect.not.arrayContaining([
        "enum",
        "minimum",
        "maximum",
        "pattern",
        "required",
        "minLength",
        "maxLength",
        "maxItems",
      ]),
    );
  });

  test("keeps both spellings of a field, and fields that it does not know", () => {
    const [version] = crdFor(descriptions.VirtualService).spec.versions;
    const rule = version?.schema.openAPIV3Schema.properties?.["spec"]?.properties?.["http"]?.items;
    expect(rule?.properties?.["mirror_percent"]).toEqual(rule?.properties?.["mirrorPercent"]);
    expect(rule?.["x-kubernetes-preserve-unknown-fields"]).toBe(true);
  });

  test.each(meshKinds)("stores one version of $kind", (description) => {
    const { versions } = crdFor(description).spec;
    expect(versions.filter(({ storage }) => storage).map(({ name }) => name)).toEqual([description.versions[0]]);
  });
});
