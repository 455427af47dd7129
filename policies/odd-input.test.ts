// No rule throws, whatever a user writes: the examples of the pages with odd values in odd places.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { parse } from "../api/parse.ts";
import { buildSnapshot } from "../model/build.ts";
import { applyChanges, emptyWorld, type World } from "../model/world.ts";
import { review } from "./review.ts";

const folder = new URL("../docs/codes/", import.meta.url);
const examples = readdirSync(folder)
  .filter((file) => file.endsWith(".md"))
  .flatMap((file) => [...readFileSync(new URL(file, folder), "utf8").matchAll(/```yaml\n(.*?)```/gs)])
  .map(([, yaml = ""]) => yaml);

const values: readonly unknown[] = [
  [],
  {},
  null,
  "",
  " ",
  "*",
  "~",
  ".",
  "*.",
  "*.example.com",
  "a.".repeat(2000),
  "(((",
  "a{999}{999}",
  "(a*)*b",
  "\\",
  "%",
  "10.0.0.0/x",
  "10.0.0.0/999",
  "::/129",
  "::ffff:1.2.3.4/96",
  "spiffe://",
  "{*}/{**}",
  "/",
  "a/b/c",
  -1,
  0,
  0.5,
  65536,
  Number.MAX_SAFE_INTEGER,
  true,
  [null],
  [[]],
  [{}],
  [""],
  ["*", "*"],
  Array.from({ length: 1000 }, (_, index) => `host-${index}.example.com`),
  Array.from({ length: 200 }, () => ({})),
  { "": "" },
  { "": {} },
  { __proto__: null, constructor: { exact: "a" }, toString: {} },
];

/** Somewhere below spec or metadata another value, one less, or one twice. */
interface Edit {
  readonly at: number;
  readonly value: unknown;
  readonly way: "replace" | "take away" | "repeat";
}
const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(10_000),
  value: fc.constantFrom(...values),
  way: fc.constantFrom("replace", "replace", "replace", "take away", "repeat"),
});

type Holder = Record<string, unknown>;

function holdersIn(value: unknown): readonly { readonly holder: Holder; readonly key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Holder; // Lists are changed like maps.
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...holdersIn(holder[key])]);
}

function apply(document: Holder, { at, value, way }: Edit): void {
  const places = holdersIn({ spec: document["spec"] ?? {}, metadata: document["metadata"] });
  const place = places[at % Math.max(places.length, 1)];
  if (place === undefined) return;
  const { holder, key } = place;
  if (way === "take away") delete holder[key];
  else if (way === "replace") holder[key] = structuredClone(value);
  else if (Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
}

test("review() has an answer for odd values in odd places", () => {
  let reviewed = 0;
  const property = fc.property(
    fc.constantFrom(...examples),
    fc.array(edit, { minLength: 1, maxLength: 3 }),
    (yaml, edits) => {
      const documents = parseAllDocuments(yaml).map((document) => document.toJS() as Holder);
      let world: World = emptyWorld();
      for (const document of documents.slice(0, -1)) {
        const parsed = parse(document, { defaultNamespace: "default" });
        if (parsed.type === "object") world = applyChanges(world, [{ type: "put", object: parsed.object }]);
      }
      const candidate = documents.at(-1) ?? {};
      for (const one of edits) apply(candidate, one);
      const parsed = parse(candidate, { defaultNamespace: "default" });
      if (parsed.type !== "object") return;
      reviewed += 1;
      const object = parsed.object;
      for (const finding of review(object, world, buildSnapshot(world)))
        expect(finding.problem).not.toMatch(/undefined|\[object/);
      // And when it is stored while another is applied.
      const changed = applyChanges(world, [{ type: "put", object }]);
      const snapshot = buildSnapshot(changed);
      for (const kind of [object.kind] as const) {
        for (const stored of changed.objects[kind].values()) review(stored, changed, snapshot);
      }
    },
  );
  fc.assert(property, {
    numRuns: Number(process.env["PILLION_ODD_RUNS"] ?? 150),
    seed: Number(process.env["PILLION_ODD_SEED"] ?? 3),
  });
  expect(reviewed).toBeGreaterThan(30);
}, 600_000);
