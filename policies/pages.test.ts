// The pages of docs/codes/ are the tables of the rules: their first example breaks the rule, their second obeys it.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildSnapshot } from "../model/build.ts";
import { objectsOf } from "../model/testing/world-of.ts";
import { applyChanges, emptyWorld } from "../model/world.ts";
import { policyCodes } from "./codes.ts";
import { review } from "./review.ts";

const folder = fileURLToPath(new URL("../docs/codes", import.meta.url));

/** Findings about the last object of a text, when the others are stored. */
function findingsFor(yaml: string) {
  const objects = objectsOf(yaml);
  const candidate = objects.at(-1);
  if (candidate === undefined) throw new Error("the example has no object");
  const world = applyChanges(
    emptyWorld(),
    objects.slice(0, -1).map((object) => ({ type: "put", object })),
  );
  return review(candidate, world, buildSnapshot(world));
}

const pages = policyCodes.map(({ code }) => {
  const text = readFileSync(`${folder}/${code}.md`, "utf8");
  const [broken, obeyed] = [...text.matchAll(/```yaml\n(.*?)```/gs)].map((match) => match[1]);
  return { code, text, broken, obeyed };
});

test("codes are used once", () => {
  expect(new Set(policyCodes.map(({ code }) => code)).size).toBe(policyCodes.length);
});

test("there are pages to run", () => {
  expect(pages.length).toBeGreaterThan(50);
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(pages.map(({ code }) => `${code}.md`)));
});

test("every page but one has two examples", () => {
  // A body of more than a mebibyte is no example.
  expect(pages.flatMap(({ code, obeyed }) => (obeyed === undefined ? [code] : []))).toEqual(["PIL1216"]);
});

test.each(pages.filter(({ broken }) => broken !== undefined))(
  "review() finds $code in the first example of its page",
  (page) => {
    const found = findingsFor(page.broken ?? "").filter(({ code }) => code === page.code);
    expect(found).not.toEqual([]);
    const [, said] = /^A (warning|note)\b/m.exec(page.text) ?? [];
    const severity = said === undefined ? "error" : said === "note" ? "info" : "warning";
    for (const finding of found) {
      expect(finding.severity).toBe(severity);
      expect(finding.path).toMatch(/^(spec|metadata)/);
      // Who knows Istio's code finds ours by it.
      expect(page.text).toContain(finding.alias ?? "");
      for (const text of [finding.problem, finding.reason, finding.fix]) expect(text).toMatch(/[^.\n]$/);
    }
  },
);

test.each(pages.filter(({ obeyed }) => obeyed !== undefined))(
  "review() denies nothing in the second example of $code",
  (page) => {
    const found = findingsFor(page.obeyed ?? "");
    // What nothing enforces yet is denied on every page but its own.
    const said = found.filter(({ code }) => code === page.code || code !== "PIL6001");
    expect(said.filter(({ code, severity }) => code === page.code || severity === "error")).toEqual([]);
  },
);
