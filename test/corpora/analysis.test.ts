// Istio's own analysis cases: does Pillion say what Istio's analyzers say about the kinds that it reads?
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { AnyObject } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { applyChanges, emptyWorld } from "../../model/world.ts";
import { reviewAll } from "../../policies/review.ts";
import { rules } from "../../policies/rules.ts";
import { readDocuments } from "../../registry/yaml-source.ts";
import { corpora, skipReason } from "./corpora.ts";
import counts from "./counts.json" with { type: "json" };

interface Case {
  readonly id: string;
  readonly inputs: readonly string[];
  readonly meshConfigFile: string | null;
  readonly expected: readonly { readonly code: string; readonly resource: string }[];
}

/** Istio's code, or codes, for what a rule finds. */
const aliases = new Map<string, string>(
  rules.flatMap(({ code, alias }) => (alias === undefined ? [] : [[code, alias]])),
);
/** Codes that stand for the same finding here. */
const same: Readonly<Record<string, string>> = {
  IST0129: "IST0128",
  IST0110: "IST0111",
  IST0159: "IST0111",
  IST0160: "IST0111",
};
const known = new Set(aliases.values());
const plain = (code: string): string => same[code] ?? code;

function readCases(folder: string): readonly Case[] {
  // The corpus' README tells its form.
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { readonly cases: readonly Case[] };
  return index.cases.filter(({ expected }) => expected.every(({ code }) => known.has(plain(code))));
}

/** "IST0101 VirtualService default/reviews" for everything that Pillion says and Istio has a code for. */
function said(folder: string, { inputs, meshConfigFile }: Case): ReadonlySet<string> {
  const objects: AnyObject[] = [];
  const take = (value: unknown): void => {
    const parsed = parse(value, { defaultNamespace: "default" });
    if (parsed.type === "object") objects.push(parsed.object);
  };
  for (const input of inputs) {
    for (const { value } of readDocuments(readFileSync(join(folder, input), "utf8")).documents) take(value);
  }
  const mesh = meshConfigFile === null ? "" : readFileSync(join(folder, meshConfigFile), "utf8");
  const metadata = { name: "istio", namespace: "istio-system" };
  const data = { mesh: `${mesh}\n${stringify({ pillion: { findings: { PIL6001: "off" } } })}` };
  take({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
  const world = applyChanges(
    emptyWorld(),
    objects.map((object) => ({ type: "put", object })),
  );
  const lines = reviewAll(world).flatMap(({ code, object }) => {
    const alias = aliases.get(code);
    return alias === undefined ? [] : [`${plain(alias)} ${object.kind} ${object.namespace}/${object.name}`];
  });
  return new Set(lines);
}

test.skipIf(corpora === undefined)(`review() says what Istio's analyzers say as often as ever${skipReason}`, () => {
  const folder = join(corpora ?? "", "analysis", "dev");
  const cases = readCases(folder);
  const differing = cases.flatMap((given) => {
    const found = said(folder, given);
    const wanted = given.expected.map(({ code, resource }) => {
      const [kind = "", name = ""] = resource.split(" ");
      return `${plain(code)} ${kind} ${name.includes("/") ? name : `default/${name}`}`;
    });
    const missing = wanted.filter((line) => !found.has(line));
    return missing.length === 0 ? [] : [`${given.id} lacks ${[...new Set(missing)].join("; ")}`];
  });
  const held = cases.length - differing.length;
  // biome-ignore lint/suspicious/noConsole: the list is what a person reads to raise the count
  console.info(
    [`analysis: ${held} of ${cases.length} cases about kinds that are read hold`, ...differing].join("\n  "),
  );
  expect(held).toBeGreaterThanOrEqual(counts.analysis);
});
