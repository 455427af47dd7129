import { expect, test } from "vitest";
import { memoize, rememberedValues } from "./memo.ts";

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
