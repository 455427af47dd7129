// Values are made from the schemas themselves, so that every field of every kind is met.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertNever } from "../base/assert.ts";
import { apiVersionsOf } from "./kind-description.ts";
import { descriptions, type Kind, kinds } from "./kinds.ts";
import { parse } from "./parse.ts";
import { type SchemaNode, schemaOf } from "./schema.ts";

function arbitrary(node: SchemaNode): fc.Arbitrary<unknown> {
  if (node.intOrString) return fc.oneof(fc.nat(65_535), fc.string());
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  if (node.clusterAddress) return fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("None"));
  if (node.goDuration !== undefined) return fc.nat(5_000).map((ms) => `${ms + 1}ms`);
  switch (node.type) {
    case "string":
      return fc.string({ minLength: node.minLength ?? 0, maxLength: Math.min(node.maxLength ?? 10, 10) });
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: node.minimum ?? 0, max: Math.min(node.maximum ?? 2 ** 31 - 1, 2 ** 31 - 1) });
    case "number":
      return fc.double({ min: node.minimum ?? 0, max: node.maximum ?? 100, noNaN: true }).map((value) => value + 0);
    case "array":
      return fc.array(node.items === undefined ? fc.nat() : arbitrary(node.items), {
        minLength: node.minItems ?? 0,
        maxLength: 2,
      });
    case "object":
      return objectOf(node);
    case undefined:
      return fc.constant({ kept: [1] });
    default:
      return assertNever(node.type);
  }
}

function objectOf(node: SchemaNode): fc.Arbitrary<unknown> {
  if (typeof node.additionalProperties === "object") {
    const key = node.portKeys ? fc.integer({ min: 1, max: 65_535 }).map(String) : fc.stringMatching(/^[a-z0-9-]{1,6}$/);
    const limits = { minKeys: node.minProperties ?? 0, maxKeys: 2 };
    return fc.dictionary(key, arbitrary(node.additionalProperties), limits);
  }
  const fields = Object.entries(node.properties ?? {}).map(([name, field]) => {
    const value = arbitrary(field);
    return [name, node.required?.includes(name) ? value : fc.option(value, { nil: undefined })];
  });
  return fc.record(Object.fromEntries(fields)).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
}

function documentOf(kind: Kind): fc.Arbitrary<object> {
  const description = descriptions[kind];
  const body = Object.entries(description.body).map(([name, field]) => [name, arbitrary(schemaOf(field))]);
  return fc
    .tuple(fc.constantFrom(...apiVersionsOf(description)), fc.record(Object.fromEntries(body)))
    .map(([apiVersion, content]) => ({ apiVersion, kind, metadata: { name: "a", labels: { app: "a" } }, ...content }));
}

describe("parse()", () => {
  test.each(kinds)("of what it returned is the same, for any %s", (kind) => {
    fc.assert(
      fc.property(documentOf(kind), (document) => {
        const first = parse(document, { defaultNamespace: "default" });
        expect(first).toMatchObject({ type: "object", findings: [] });
        if (first.type !== "object") return;
        const again = parse(JSON.parse(JSON.stringify(first.object)), { defaultNamespace: "other" });
        expect(again).toEqual(JSON.parse(JSON.stringify(first)));
      }),
      { numRuns: 40 },
    );
  });

  test("says something about any document, and never throws", () => {
    const header = fc.constantFrom("networking.istio.io/v1", "security.istio.io/v1", "v1", "x");
    const document = fc.record(
      {
        apiVersion: header,
        kind: fc.constantFrom("VirtualService", "PeerAuthentication", "Pod", "X"),
        metadata: fc.jsonValue(),
        spec: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), document), (given) => {
        const parsed = parse(given, { defaultNamespace: "default" });
        if (parsed.type === "rejected") expect(parsed.findings.length).toBeGreaterThan(0);
      }),
    );
  });
});
