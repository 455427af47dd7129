import { describe, expect, test } from "vitest";
import { jsonPath } from "../base/json-path.ts";
import { readDocuments } from "./yaml-source.ts";

const text = `# a remark
apiVersion: v1
kind: Thing
spec:
  http:
    - name: one
    - name: two
      headers: {"end-user": {exact: jason}}
  base: &base
    port: 80
  again: *base
data:
  mesh: |
    trustDomain: a
    policy:
      mode: NONE
---
kind: Second
`;

describe("readDocuments()", () => {
  test.each([
    { path: jsonPath(), want: 2 },
    { path: jsonPath("kind"), want: 3 },
    { path: jsonPath("spec", "http"), want: 5 },
    { path: jsonPath("spec", "http", 0), want: 6 },
    { path: jsonPath("spec", "http", 1, "headers", "end-user", "exact"), want: 8 },
    { path: jsonPath("spec", "http", 1, "missing", "deeper"), want: 7 },
    { path: jsonPath("spec", "http", 7, "name"), want: 5 },
    { path: jsonPath("spec", "again", "port"), want: 10 },
    { path: jsonPath("data", "mesh", "policy", "mode"), want: 16 },
    { path: jsonPath("metadata", "name"), want: 2 },
  ])("finds line $want for $path", ({ path, want }) => {
    expect(readDocuments(text).documents[0]?.lineOf(path)).toBe(want);
  });

  test("gives each document its line", () => {
    expect(readDocuments(text).documents.map(({ line }) => line)).toEqual([2, 18]);
  });

  test("takes the items of a list as documents", () => {
    const list = "kind: List\napiVersion: v1\nitems:\n- kind: A\n  spec: {}\n- kind: B\n";
    const { documents } = readDocuments(list);
    expect(documents.map(({ value, line }) => ({ value, line }))).toEqual([
      { value: { kind: "A", spec: {} }, line: 4 },
      { value: { kind: "B" }, line: 6 },
    ]);
    expect(documents[0]?.lineOf(jsonPath("spec"))).toBe(5);
  });

  test.each([
    { name: "an open bracket", given: "a: 1\nb: [\nc: 2\n", line: 3 },
    { name: "a tab", given: "a:\n\tb: 1\n", line: 2 },
    { name: "a key twice", given: "a: 1\nb: 2\na: 3\n", line: 3 },
    { name: "a mistake in the second document", given: "a: 1\n---\nb: 'x\n", line: 4 },
    { name: "an alias without an anchor", given: "a: *nothing\n", line: 1 },
    { name: "an alias inside of its anchor", given: "---\na: 1\n---\na: &b\n  c: [{ d: *b }]\n", line: 4 },
  ])("names the line of $name", ({ given, line }) => {
    expect(readDocuments(given).problems[0]?.line).toBe(line);
  });

  test("takes aliases of one thing in several places", () => {
    const [document] = readDocuments("a: &b { c: 1 }\nd: [*b, *b]\n").documents;
    expect(document?.value).toEqual({ a: { c: 1 }, d: [{ c: 1 }, { c: 1 }] });
  });

  test("refuses aliases that multiply", () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const items = level === 0 ? "x, x, x, x" : Array.from({ length: 9 }, () => `*l${level - 1}`).join(", ");
      return `l${level}: &l${level} [${items}]`;
    });
    expect(readDocuments(levels.join("\n")).problems).toHaveLength(1);
  });

  test.each(["", "\n\n", "---\n---\n", "# only a remark\n"])("finds nothing in %j", (given) => {
    expect(readDocuments(given)).toEqual({ documents: [], problems: [] });
  });
});

test.each([
  { name: "a little too deep", text: `${"[".repeat(501)}${"]".repeat(501)}` },
  { name: "deeper than a parser goes", text: "- ".repeat(20_000) },
])("readDocuments() tells the limit for what is $name", ({ text }) => {
  const limit = "lists and mappings stand more than 500 levels deep in one another";
  expect(readDocuments(text)).toEqual({ documents: [], problems: [{ line: 1, text: limit }] });
});

test("readDocuments() reads what is deep, and not too deep", () => {
  expect(readDocuments(`${"[".repeat(500)}${"]".repeat(500)}`).problems).toEqual([]);
});
