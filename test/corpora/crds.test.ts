// Our CRDs have all that Istio's have: versions, names, columns and every property with its type.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Crd, type CrdSchema, crdFor } from "../../api/crd.ts";
import { descriptions, isKind } from "../../api/kinds.ts";
import { corpora, skipReason } from "./corpora.ts";

/** "spec.http[].route[]: object" for every property below a schema. */
function paths(schema: CrdSchema, at: string): readonly string[] {
  const deeper = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => paths(field, `${at}.${name}`));
  const items = schema.items === undefined ? [] : paths(schema.items, `${at}[]`);
  const values = schema.additionalProperties === undefined ? [] : paths(schema.additionalProperties, `${at}.*`);
  return [`${at}: ${schema.type ?? "any"}`, ...deeper, ...items, ...values];
}

/** The parts that must agree. */
function facts({ metadata, spec }: Crd) {
  const { group, scope, names } = spec;
  const { kind, listKind, plural, singular, shortNames, categories } = names;
  const versions = spec.versions.map(({ name, served, storage, additionalPrinterColumns, subresources, schema }) => ({
    name,
    served,
    storage,
    hasStatus: subresources.status !== undefined,
    columns: additionalPrinterColumns?.map((column) => `${column.name} ${column.jsonPath} ${column.type}`),
    paths: paths(schema.openAPIV3Schema.properties?.["spec"] ?? {}, "spec").toSorted(),
  }));
  const own = { kind, listKind, plural, singular, shortNames: shortNames ?? [], categories };
  return {
    name: metadata.name,
    group,
    scope,
    ...own,
    versions: versions.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function istioCrds(): ReadonlyMap<string, Crd> {
  if (corpora === undefined) return new Map();
  const text = readFileSync(join(corpora, "crds", "istio-crds.yaml"), "utf8");
  const crds = parseAllDocuments(text).map((document) => document.toJS() as Crd | null); // The form of that file is known.
  return new Map(crds.flatMap((crd) => (crd === null ? [] : [[crd.spec.names.kind, crd]])));
}

describe.skipIf(corpora === undefined)(`crdFor()${skipReason}`, () => {
  const theirs = [...istioCrds().values()];

  test("has every kind of Istio's", () => {
    const missing = theirs.map(({ spec }) => spec.names.kind).filter((kind) => !isKind(kind));
    expect(missing).toEqual([]);
    expect(theirs.length).toBe(corpora === undefined ? 0 : 15);
  });

  test.each(theirs)("agrees with Istio about $spec.names.kind", (crd) => {
    const { kind } = crd.spec.names;
    if (isKind(kind)) expect(facts(crdFor(descriptions[kind]))).toEqual(facts(crd));
  });
});
