import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nearest, oneOf } from "./nearest.ts";

const fields = ["route", "retries", "redirect", "timeout", "mirrorPercent", "mirror", "match", "consecutive5xxErrors"];

describe("nearest()", () => {
  test.each([
    { word: "rout", want: "route" },
    { word: "routes", want: "route" },
    { word: "rotue", want: "route" },
    { word: "Route", want: "route" },
    { word: "mirror_percent", want: "mirrorPercent" },
    { word: "time-out", want: "timeout" },
    { word: "retry", want: undefined },
    { word: "consecutive5xxError", want: "consecutive5xxErrors" },
    { word: "consecutiveErrors", want: "consecutive5xxErrors" },
    { word: "hosts", want: undefined },
    { word: "x", want: undefined },
  ])("finds $want for $word", ({ word, want }) => {
    expect(nearest(word, fields)).toBe(want);
  });

  test("finds a word that is there", () => {
    fc.assert(fc.property(fc.constantFrom(...fields), (word) => nearest(word, fields) === word));
  });
});

describe("oneOf()", () => {
  test.each([
    { words: [], want: "" },
    { words: ["a"], want: '"a"' },
    { words: ["a", "b", "c"], want: '"a", "b" or "c"' },
  ])("writes $want", ({ words, want }) => {
    expect(oneOf(words)).toBe(want);
  });
});
