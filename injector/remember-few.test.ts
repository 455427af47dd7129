import { expect, test } from "vitest";
import { rememberFew } from "./remember-few.ts";

test("rememberFew() keeps the latest few of each owner, and no long keys", () => {
  const few = rememberFew<object, number>(2);
  const [one, other] = [{}, {}];
  for (const [index, key] of ["a", "b", "c"].entries()) few.set(one, key, index);
  expect(["a", "b", "c"].map((key) => few.get(one, key))).toEqual([undefined, 1, 2]);
  expect(few.get(other, "b")).toBeUndefined();
  expect(few.set(one, "x".repeat(5_000), 7)).toBe(7);
  expect(few.get(one, "x".repeat(5_000))).toBeUndefined();
});
