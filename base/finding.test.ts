import { expect, test } from "vitest";
import { type Finding, findingLine, findingsText } from "./finding.ts";
import { jsonPath } from "./json-path.ts";

const object = { kind: "VirtualService", namespace: "shop", name: "reviews" };
const misspelled: Finding = {
  code: "PIL1001",
  severity: "error",
  object,
  path: jsonPath("spec", "http", 1, "retires"),
  problem: 'there is no field "retires"; did you mean "retries"?',
  reason: "It would be ignored",
  fix: 'Write "retries"',
  others: [],
};
const taken: Finding = {
  ...misspelled,
  code: "PIL3101",
  path: jsonPath("spec", "http", 0),
  problem: "already taken",
  witness: { method: "GET", authority: "reviews", path: "/api", headers: { "end-user": "jason" } },
};

test("findingLine() puts everything on one line", () => {
  expect(findingLine({ ...misspelled, reason: "Two\n  lines" })).toBe(
    'PIL1001 VirtualService shop/reviews at spec.http[1].retires: there is no field "retires"; did you mean "retries"? Two lines. Write "retries". See docs/codes/PIL1001.md',
  );
});

test("findingsText() says what, why and what to do, object by object", () => {
  const other = { ...misspelled, object: { ...object, name: "other" } };
  expect(findingsText([misspelled, other, taken])).toBe(`VirtualService shop/reviews: 2 problems
  PIL1001 spec.http[1].retires: there is no field "retires"; did you mean "retries"?
          It would be ignored.
          Write "retries".  docs/codes/PIL1001.md
  PIL3101 spec.http[0]: already taken.
          It would be ignored.
          GET http://reviews/api with end-user: jason shows it.
          Write "retries".  docs/codes/PIL3101.md
VirtualService shop/other: 1 problem
  PIL1001 spec.http[1].retires: there is no field "retires"; did you mean "retries"?
          It would be ignored.
          Write "retries".  docs/codes/PIL1001.md`);
});
