import fc from "fast-check";
import jsonPatch, { type Operation } from "fast-json-patch";
import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { jsonWriter, keepText } from "./json-text.ts";
import { patchBase64, patchOf } from "./patch.ts";

const key = fc.constantFrom("a", "b", "a/b", "~", "", "name", "constructor", "toString");
const value = fc.letrec((tie) => ({
  any: fc.oneof({ depthSize: "small" }, fc.constantFrom(null, true, 0, 1, "", "x"), tie("object"), tie("list")),
  object: fc.dictionary(key, tie("any"), { maxKeys: 4, noNullPrototype: true }),
  list: fc.array(tie("any"), { maxLength: 4 }),
}));
const object = value["object"] as fc.Arbitrary<JsonObject>; // made of JSON's values alone

test("patchOf() makes the one of the other", () => {
  fc.assert(
    fc.property(object, object, (before, after) => {
      const text = Buffer.from(patchBase64(patchOf(before, after)), "base64").toString();
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
    { op: "add", path: "/f/1", value: 2 },
    { op: "add", path: "/g", value: null },
  ]);
});

test.each([
  {
    name: "puts new items between those that stand",
    before: ["b", "d"],
    after: ["a", "b", "c", "d", "e"],
    ops: ["add /0", "add /2", "add /4"],
  },
  { name: "replaces a list whose order changed", before: ["b", "a"], after: ["a", "b", "c"], ops: ["replace "] },
  { name: "replaces a list that lost one", before: ["a", "b"], after: ["b"], ops: ["replace "] },
])("patchOf() $name", ({ before, after, ops }) => {
  const named = (names: readonly string[]): JsonObject => ({ list: names.map((name) => ({ name, of: [name] })) });
  expect(patchOf(named(before), named(after)).map(({ op, path }) => `${op} ${path.slice("/list".length)}`)).toEqual(
    ops,
  );
});

test("patchOf() changes an item that has its name still, wherever it stands now", () => {
  const before = { list: [{ name: "web", port: 1 }] };
  const after = { list: [{ name: "proxy" }, { name: "web", port: 2 }] };
  expect(patchOf(before, after)).toEqual([
    { op: "add", path: "/list/0", value: { name: "proxy" } },
    { op: "replace", path: "/list/1/port", value: 2 },
  ]);
});

test("jsonWriter() encodes what JSON.stringify() gives, with kept objects in it, whatever their length", () => {
  for (const text of ["", "1", "12", "é", "é1", '"\n']) {
    const kept = keepText({ name: "istio-proxy", text });
    for (const one of [kept, [kept, { a: kept }, 1, kept], { list: [kept] }, [], [[]], null, text]) {
      const writer = jsonWriter();
      writer.text('{"a":');
      writer.value(one);
      writer.text("}");
      const base64 = writer.base64();
      expect(base64).not.toContain("=");
      expect(JSON.parse(Buffer.from(base64, "base64").toString())).toEqual({ a: one });
    }
  }
});
