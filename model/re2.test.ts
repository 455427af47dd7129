import { expect, test } from "vitest";
import { re2Fault } from "./re2.ts";

test.each([
  "/a/.*",
  "\\pL+",
  "\\p{Greek}",
  "[\\p{^Lu}\\d]",
  "\\x{ff}",
  "\\377",
  "\\x41",
  "\\Q\\x{d800}\\E",
  "\\\\p{LC}",
  "é",
])("re2Fault() takes %s", (regex) => {
  expect(re2Fault(regex)).toBeUndefined();
});

test.each([
  ["\\x{d800}", "invalid escape sequence: `\\x{d800}` is no byte"],
  ["a\\x{100}", "invalid escape sequence: `\\x{100}` is no byte"],
  ["\\777", "invalid escape sequence: `\\777` is no byte"],
  ["\\p{LC}", "invalid character class range: `\\p{LC}`"],
  ["[^\\P{Cn}]", "invalid character class range: `\\P{Cn}`"],
  ["\\p{Garay}", "invalid character class range: `\\p{Garay}`"],
  ["(?=a)", "invalid or unsupported Perl syntax: `(?=`"],
  ["a{1001}", "invalid repeat count: `{1001}`"],
])("re2Fault() says what Envoy has against %s", (regex, want) => {
  expect(re2Fault(regex)).toBe(want);
});
