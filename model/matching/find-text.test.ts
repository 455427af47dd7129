import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, test } from "vitest";
import { type Automaton, automatonOf } from "./automaton.ts";
import { findText } from "./find-text.ts";
import { alphabet, parseRegex, type Regex } from "./regex-syntax.ts";

function regex(text: string): Regex {
  const parsed = parseRegex(text);
  if (parsed === undefined) throw new Error(`${text} is not understood`);
  return parsed;
}
function automaton(text: string): Automaton | undefined {
  return automatonOf(regex(text));
}
function answer(matching: readonly string[], failing: readonly string[] = []) {
  const [wanted, unwanted] = [matching, failing].map((texts) =>
    texts.map(automaton).filter((one) => one !== undefined),
  );
  return findText(wanted ?? [], unwanted ?? []);
}

describe("findText()", () => {
  test.each([
    { matching: ["/a.*", ".*b"], failing: [], want: "/ab" },
    { matching: ["[a-z]+"], failing: ["[a-y]+"], want: "z" },
    { matching: ["(?i)AB", "[a-z]+"], failing: [], want: "ab" },
    { matching: ["a{2,3}b?"], failing: ["aa", "aab"], want: "aaa" },
    { matching: ["^/x$|^/y$"], failing: ["/x"], want: "/y" },
    { matching: ["(a|bc)*d"], failing: ["a*d"], want: "bcd" },
    { matching: ["\\d+\\.\\d+"], failing: [], want: "0.0" },
    { matching: ["[[:upper:]]\\pN"], failing: [], want: "A0" },
    { matching: [""], failing: [], want: "" },
  ])("$want for $matching without $failing", ({ matching, failing, want }) => {
    expect(answer(matching, failing)).toEqual({ type: "text", text: want });
  });

  test.each([
    { matching: ["/a.*", "/b.*"], failing: [] },
    { matching: ["/api/v[12]/.*"], failing: ["/api/.*"] },
    { matching: ["a^b"], failing: [] },
    { matching: ["[^ -~]"], failing: [] },
  ])("none for $matching without $failing", ({ matching, failing }) => {
    expect(answer(matching, failing)).toEqual({ type: "none" });
  });

  test("gives up where there are too many states", () => {
    expect(answer(["(a|b)*a(a|b){20}"], ["(a|b)*b(a|b){20}"]).type).toBe("unknown");
    expect(automaton(".{1000}".repeat(6))).toBeUndefined();
  });
});

test.each(["\\bword\\b", "(?U)a*", "a(?P<n>b", "(?m)^a", "\\Qa.b\\E", "a)", "a|*", "\\x{d800}"])(
  "parseRegex() passes over %s",
  (text) => {
    expect(parseRegex(text)).toBeUndefined();
  },
);

const atoms = ["a", "b", ".", "[ab]", "[^a]", "(a|b)", "(?:ab)", "a*", "b+", "(ab)?", "a{2}", "(?i)A", "^", "$", "\\w"];

test("findText() agrees with RE2 about the texts that it finds, and about short ones that it does not", () => {
  const expression = fc.array(fc.constantFrom(...atoms), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(expression, expression, (matching, failing) => {
      const found = answer([matching], [failing]);
      const [yes, no] = [RE2JS.compile(matching), RE2JS.compile(failing)];
      const isIt = (text: string) => yes.testExact(text) && !no.testExact(text);
      if (found.type === "text") expect(isIt(found.text)).toBe(true);
      if (found.type === "none") expect(["", ...alphabet, "ab", "ba", "aa", "bb", "aab"].filter(isIt)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
