import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { readDocuments } from "../registry/yaml-source.ts";
import { rewriteObjects } from "./rewrite-objects.ts";

const shop = `# the shop
kind: Service   # keeps its spaces
items: {a:   1}
---
# web
kind: Deployment
spec:
  # three of them
  replicas: 3 # for now
  containers:
    # the application
    - name: app # ours
      ports: [80,  81]
...
---

---
kind: List
items:
- kind: Pod
  name: one
- kind: Pod   # two
  name: two
--- # the end
kind: Job`;

test("rewriteObjects() gives back every character where nothing changes", () => {
  expect(rewriteObjects(shop, (object) => object)).toBe(shop);
});

test("rewriteObjects() counts objects as readDocuments() does", () => {
  const text = `${shop}\n---\n- a list\n---\nkind: ThingList\nitems: [text, {kind: Thing}]\n`;
  const seen: unknown[] = [];
  rewriteObjects(text, (object, index) => {
    seen[index] = object;
    return object;
  });
  const wanted = readDocuments(text).documents.map(({ value }) => value);
  expect(wanted).toHaveLength(8);
  for (const [index, object] of seen.entries()) if (object !== undefined) expect(object).toEqual(wanted[index]);
  expect(Object.keys(seen).map(Number)).toEqual([0, 1, 2, 3, 4, 7]);
});

test.each([
  {
    name: "keeps comments beside what changes",
    text: "kind: A # one\nspec:\n  # two\n  x: 1 # three\n  y: [1, 2]\n",
    change: { kind: "A", spec: { x: 2, y: [1, 2] } },
    want: "kind: A # one\nspec:\n  # two\n  x: 2 # three\n  y: [ 1, 2 ]\n",
  },
  {
    name: "knows the items of a list by their names",
    text: "list:\n  - name: b # second\n    x: 1\n",
    change: { list: [{ name: "a" }, { name: "b", x: 1 }] },
    want: "list:\n  - name: a\n  - name: b # second\n    x: 1\n",
  },
  {
    name: "adds and removes fields",
    text: "a: 1\nb: 2\n",
    change: { b: 2, c: { d: [] } },
    want: "b: 2\nc:\n  d: []\n",
  },
  {
    name: "opens what stands on one line",
    text: "a: {b: {c: 1}}\n",
    change: { a: { b: { c: 1, d: 2 } } },
    want: "a:\n  b:\n    c: 1\n    d: 2\n",
  },
  {
    name: "changes one of two places that share an anchor",
    text: "a: &x {n: 1}\nb: *x\n",
    change: { a: { n: 1 }, b: { n: 2 } },
    want: "a: { n: 1 }\nb:\n  n: 2\n",
  },
  {
    name: "writes out a mapping with a merge key",
    text: "a: &x {n: 1}\nb:\n  <<: *x\n  m: 1\n",
    change: { a: { n: 1 }, b: { n: 1, m: 2 } },
    want: "a: { n: 1 }\nb:\n  n: 1\n  m: 2\n",
  },
  { name: "keeps the mark between documents", text: "---\na: 1\n", change: { a: 2 }, want: "---\na: 2\n" },
  {
    name: "does not break long lines",
    text: `a: ${"long ".repeat(40)}end\n`,
    change: { a: `${"long ".repeat(40)}end`, b: 1 },
    want: `a: ${"long ".repeat(40)}end\nb: 1\n`,
  },
])("rewriteObjects() $name", ({ text, change, want }) => {
  const result = rewriteObjects(text, () => change);
  expect(result).toBe(want);
  expect(parseAllDocuments(result).map((document) => document.toJS() as unknown)).toEqual([change]);
});
