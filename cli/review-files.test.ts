import { describe, expect, test } from "vitest";
import { parseFiles } from "./parse-files.ts";
import { closingLine, inFileOrder } from "./print-findings.ts";
import { reviewAlone, reviewTogether } from "./review-files.ts";

const head = (kind: string, name: string) => `apiVersion: networking.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: shop }
spec:`;
const service =
  "apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop }\nspec: { ports: [{ name: http, port: 80 }] }\n";
const route = (name: string, subset = "v1", host = "web") => `${head("VirtualService", name)}
  hosts: [${host}]
  http:
    - route:
        - destination: { host: web, subset: ${subset} }
`;
const subsets = `${head("DestinationRule", "web")}
  host: web
  subsets:
    - { name: v1, labels: { version: v1 } }
`;

/** "FILE:LINE CODE name" of each finding. */
function seen(review: typeof reviewAlone, files: Readonly<Record<string, string>>): readonly string[] {
  const parsed = parseFiles(
    Object.entries(files).map(([file, text]) => ({ file, text })),
    "default",
  );
  return inFileOrder([...parsed.findings, ...review(parsed.objects)], Object.keys(files)).map(
    ({ file, line, code, object }) => `${file}:${line} ${code} ${object.name}`,
  );
}

describe("reviewTogether()", () => {
  test.each([
    { name: "is content with what fits", files: { a: service, b: subsets, c: route("one") }, want: [] },
    { name: "does not mind the order of files", files: { a: route("one"), b: subsets, c: service }, want: [] },
    {
      name: "finds an unknown subset",
      files: { a: service, b: subsets, c: route("one", "v9") },
      want: ["c:8 PIL2103 one"],
    },
    {
      name: "tells the later of two that conflict, whatever their names",
      files: { a: service, b: subsets, c: route("zz"), d: route("aa"), e: route("bb") },
      want: ["d:5 PIL3001 aa", "e:5 PIL3001 bb"],
    },
    {
      name: "lets in what conflicts only with what is refused",
      files: {
        a: service,
        b: subsets,
        c: route("one"),
        d: route("two", "v1", "web, other.example.com"),
        e: route("three", "v1", "other.example.com"),
      },
      want: ["d:5 PIL3001 two"],
    },
    {
      name: "tells the second of one object in two places",
      files: { a: service, b: subsets, c: `# twice\n${route("one")}---\n${route("one")}` },
      want: ["c:11 PIL3006 one"],
    },
  ])("$name", ({ files, want }) => {
    expect(seen(reviewTogether, files)).toEqual(want);
  });

  test("names the one that was there first", () => {
    const { objects } = parseFiles(
      [{ file: "a", text: `${service}---\n${route("zz")}---\n${route("aa")}` }],
      "default",
    );
    const rival = reviewTogether(objects).find(({ code }) => code === "PIL3001");
    expect(rival?.object.name).toBe("aa");
    expect(rival?.others.map(({ name }) => name)).toEqual(["zz"]);
  });
});

describe("reviewAlone()", () => {
  test.each([
    { name: "does not ask for what may be elsewhere", files: { a: route("one", "v9") }, want: [] },
    { name: "does not compare", files: { a: route("one"), b: route("two"), c: route("two") }, want: [] },
    {
      name: "finds what is wrong with each",
      files: {
        a: `${route("one")}      fault: { abort: { httpStatus: 600 } }\n`,
        b: `${route("two")}      tiemout: 1s\n`,
      },
      want: ["a:9 PIL4002 one", "b:9 PIL1001 two"],
    },
    {
      name: "finds text that is no YAML, and goes on",
      files: { a: "a: [1\n", b: `${route("one")}      x: 1\n` },
      want: ["a:2 PIL1014 a", "b:9 PIL1001 one"],
    },
    {
      name: "finds a document that is nothing",
      files: { a: "# nothing\n---\nkind: VirtualService\n" },
      want: ["a:3 PIL1011 (no name)"],
    },
  ])("$name", ({ files, want }) => {
    expect(seen(reviewAlone, files)).toEqual(want);
  });

  test("reads the mesh configuration", () => {
    const map =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: istio-system }\ndata:\n  mesh: |\n    trustDomain: a\n    enableAutoMtls: perhaps\n";
    expect(seen(reviewAlone, { a: map })).toEqual(["a:7 PIL1002 istio"]);
  });
});

test("parseFiles() counts what the mesh does not read", () => {
  const text = `${service}---\napiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: Secret\n`;
  const { count, skipped } = parseFiles([{ file: "a", text }], "default");
  expect({ count, skipped: [...skipped] }).toEqual({ count: 1, skipped: [["v1 Secret", 2]] });
});

test.each([
  { severities: [], looked: { files: 1, objects: 0 }, want: "1 file, 0 objects: all well" },
  {
    severities: ["warning", "error", "warning"],
    looked: { files: 3, objects: 12 },
    want: "3 files, 12 objects: 1 error, 2 warnings",
  },
  { severities: ["info"], looked: { files: 2, objects: 1 }, want: "2 files, 1 object: 1 note" },
] as const)("closingLine() says $want", ({ severities, looked, want }) => {
  const [finding] = reviewTogether(parseFiles([{ file: "a", text: `${route("a")}` }], "shop").objects);
  const findings = finding === undefined ? [] : severities.map((severity) => ({ ...finding, severity }));
  expect(closingLine(findings, looked)).toBe(want);
});
