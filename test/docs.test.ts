// Documents and code agree: every code has a page, every page a code; links lead somewhere.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const codesFolder = join(root, "docs", "codes");

function* files(folder: string, ending: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (["node_modules", "dist", ".git", "proto"].includes(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path, ending);
    else if (entry.name.endsWith(ending)) yield path;
  }
}

/** Codes that the product can say: every literal in its sources, tests left out. */
const codesInCode = new Set(
  ["api", "policies", "injector", "registry", "webhook", "envoy", "model", "xds", "cli"].flatMap((room) =>
    [...files(join(root, room), ".ts")]
      .filter((path) => !path.endsWith(".test.ts"))
      .flatMap((path) => readFileSync(path, "utf8").match(/\bPIL\d{4}\b/g) ?? []),
  ),
);
const pages = readdirSync(codesFolder)
  .filter((name) => /^PIL\d{4}\.md$/.test(name))
  .map((name) => name.slice(0, -3));

test("every code has a page", () => {
  expect([...codesInCode].filter((code) => !pages.includes(code)).sort()).toEqual([]);
});

test("every page has a code, or says that it is retired", () => {
  const orphans = pages.filter(
    (code) => !codesInCode.has(code) && !readFileSync(join(codesFolder, `${code}.md`), "utf8").includes("Retired"),
  );
  expect(orphans).toEqual([]);
});

test("links between documents lead to files", () => {
  const broken = [...files(root, ".md")].flatMap((path) =>
    [...readFileSync(path, "utf8").matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)]
      .map((match) => match[1] ?? "")
      .filter((target) => !existsSync(join(dirname(path), target)))
      .map((target) => `${relative(root, path)} -> ${target}`),
  );
  expect(broken).toEqual([]);
});
