import { expect, test } from "vitest";
import { memoize, memoizeTexts, rememberedValues } from "./memo.ts";

test("memoize() computes once for the same objects and values, and anew for others", () => {
  const calls: unknown[] = [];
  const pair = memoize((object: { readonly n: number }, word: string) => {
    calls.push([object, word]);
    return { text: `${object.n} ${word}` };
  });
  const one = { n: 1 };
  expect(pair(one, "a")).toBe(pair(one, "a"));
  expect(calls).toHaveLength(1);
  expect(pair(one, "b")).toEqual({ text: "1 b" });
  expect(pair({ n: 1 }, "a")).not.toBe(pair(one, "a"));
  expect(calls).toHaveLength(3);
});

test("memoize() remembers undefined too", () => {
  let calls = 0;
  const nothing = memoize((_object: object) => {
    calls += 1;
    return undefined;
  });
  const key = {};
  nothing(key);
  nothing(key);
  expect(calls).toBe(1);
});

test("memoize() forgets the oldest value of an object that is asked for more and more of them", () => {
  const calls = new Map<string, number>();
  const named = memoize((_object: object, name: string) => {
    calls.set(name, (calls.get(name) ?? 0) + 1);
    return { name };
  });
  const key = {};
  for (let index = 0; index <= rememberedValues; index += 1) named(key, `${index}`);
  named(key, `${rememberedValues}`);
  named(key, "0");
  expect(calls.get(`${rememberedValues}`)).toBe(1);
  expect(calls.get("0")).toBe(2);
});

test("memoizeTexts() computes once for a text, and again for one that it has forgotten or that is very long", () => {
  const calls: string[] = [];
  const known = memoizeTexts<number>();
  const lengthOf = (text: string) =>
    known(text, () => {
      calls.push(text);
      return text.length;
    });
  expect([lengthOf("a"), lengthOf("a"), lengthOf("bb")]).toEqual([1, 1, 2]);
  expect(calls).toEqual(["a", "bb"]);
  const long = "x".repeat(5_000);
  expect(lengthOf(long) + lengthOf(long)).toBe(10_000);
  expect(calls).toEqual(["a", "bb", long, long]);
  for (let value = 0; value < rememberedValues; value++) lengthOf(String(value));
  lengthOf("a");
  expect(calls.at(-1)).toBe("a");
});
