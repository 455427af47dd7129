import fc from "fast-check";
import jsonPatch, { type Operation } from "fast-json-patch";
import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { jsonText, keepText } from "./json-text.ts";
import { patchOf, patchText } from "./patch.ts";

const key = fc.constantFrom("a", "b", "a/b", "~", "", "constructor", "toString");
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, true, 0, 1, "", "x"), tie("object"), tie("list")),
  object: fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
  list: fc.array(tie("any"), { maxLength: 3 }),
}));
const object = value["object"] as fc.Arbitrary<JsonObject>; // made of JSON's values alone

test("patchOf() makes the one of the other", () => {
  fc.assert(
    fc.property(object, object, (before, after) => {
      const text = patchText(patchOf(before, after));
      const operations = JSON.parse(text) as Operation[]; // a JSON patch, or the test fails
      expect(jsonPatch.applyPatch(structuredClone(before), operations, true).newDocument).toEqual(after);
    }),
  );
});

test("patchOf() is empty for equal ones", () => {
  fc.assert(
    fc.property(object, (one) => {
      expect(patchOf(one, structuredClone(one))).toEqual([]);
    }),
  );
});

test("patchOf() touches only what differs", () => {
  const before = { a: { b: 1, "c/d": 2, e: [1, 2] }, f: [1] };
  const after = { a: { b: 1, "c/d": 3, e: [1, 3] }, f: [1, 2], g: null };
  expect(patchOf(before, after)).toEqual([
    { op: "replace", path: "/a/c~1d", value: 3 },
    { op: "replace", path: "/a/e/1", value: 3 },
    { op: "replace", path: "/f", value: [1, 2] },
    { op: "add", path: "/g", value: null },
  ]);
});

test("jsonText() is what JSON.stringify() gives, with kept texts in it", () => {
  const kept = keepText({ name: "istio-proxy", args: ['"', "\n"] });
  for (const one of [kept, [kept, { a: kept }, 1], { list: [kept] }, null, "x"])
    expect(jsonText(one)).toBe(JSON.stringify(one));
});
