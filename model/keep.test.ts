import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEqual, keepEqual, keepFor, keepMap } from "./keep.ts";

const json = fc.jsonValue({ maxDepth: 3 });

describe("isEqual()", () => {
  test("holds for a copy", () => {
    fc.assert(fc.property(json, (value) => isEqual(value, structuredClone(value))));
  });

  test("says what JSON text says", () => {
    const object = fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom(0, 1, null, "x", [1], { a: 1 }));
    const text = (value: object) => JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    fc.assert(fc.property(object, object, (a, b) => isEqual(a, b) === (text(a) === text(b))));
  });

  test.each([
    [new Set([1]), new Set([1]), true],
    [new Set([1]), new Set([2]), false],
    [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]]), true],
    [new Map([["a", 1]]), new Map([["b", 1]]), false],
    [{ a: undefined }, {}, false],
    [[], {}, false],
    [new Map(), {}, false],
  ])("of %o and %o is %s", (a, b, want) => {
    expect(isEqual(a, b)).toBe(want);
    expect(isEqual(b, a)).toBe(want);
  });
});

test("keepEqual() gives the previous value when the next says the same", () => {
  const before = { a: [1, 2] };
  const changed = { a: [1, 3] };
  expect(keepEqual(before, { a: [1, 2] })).toBe(before);
  expect(keepEqual(before, changed)).toBe(changed);
});

test("keepMap() keeps values that say the same, and itself when all do", () => {
  const before = new Map([
    ["a", { n: 1 }],
    ["b", { n: 2 }],
  ]);
  expect(
    keepMap(
      before,
      new Map([
        ["a", { n: 1 }],
        ["b", { n: 2 }],
      ]),
    ),
  ).toBe(before);
  const after = keepMap(
    before,
    new Map([
      ["a", { n: 1 }],
      ["b", { n: 3 }],
    ]),
  );
  expect(after.get("a")).toBe(before.get("a"));
  expect(after.get("b")).toEqual({ n: 3 });
  expect(keepMap(before, new Map([["a", { n: 1 }]])).size).toBe(1);
});

test("keepFor() keeps by owner and key", () => {
  const kept = new WeakMap<object, Map<string, number[]>>();
  const owner = {};
  const first = keepFor(kept, owner, "a", [1]);
  expect(keepFor(kept, owner, "a", [1])).toBe(first);
  expect(keepFor(kept, owner, "b", [1])).not.toBe(first);
  expect(keepFor(kept, {}, "a", [1])).not.toBe(first);
  expect(keepFor(kept, owner, "a", [2])).toEqual([2]);
});
