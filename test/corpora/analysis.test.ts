// Istio's own analysis cases: does Pillion say what Istio's analyzers say, as often, and nothing else that Istio has a code for?
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import type { AnyObject } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { refText } from "../../base/object-ref.ts";
import { applyChanges, emptyWorld } from "../../model/world.ts";
import { reviewAll } from "../../policies/review.ts";
import { readDocuments } from "../../registry/yaml-source.ts";
import { corpora, skipReason } from "./corpora.ts";
import counts from "./counts.json" with { type: "json" };
import deviationsJson from "./deviations.json" with { type: "json" };

interface Message {
  readonly code: string;
  readonly resource: string;
}

interface Case {
  readonly id: string;
  readonly inputs: readonly string[];
  readonly meshConfigFile: string | null;
  /** What the one analyzer says that the case is about. */
  readonly expected: readonly Message[];
  /** What all of Istio's analyzers together say. */
  readonly allAnalyzersMessages: readonly Message[];
}

interface Index {
  readonly cases: readonly Case[];
  readonly messageCodes: Readonly<Record<string, unknown>>;
}

/** Cases in which Pillion differs on purpose. */
const deviations = deviationsJson.map(({ id }) => id).filter((id) => id.startsWith("ana-"));

/** Istio's codes that some page of Pillion's codes names. */
const pages = fileURLToPath(new URL("../../docs/codes", import.meta.url));
const had = new Set(
  readdirSync(pages).flatMap((name) => readFileSync(join(pages, name), "utf8").match(/\bIST\d{4}\b/g) ?? []),
);

/** Codes that this version does not have: the table of docs/validation.md says why. */
const leftOut = new Set(
  [
    ...readFileSync(fileURLToPath(new URL("../../docs/validation.md", import.meta.url)), "utf8").matchAll(
      /^\| (IST\d{4}(?:, IST\d{4})*) \|/gm,
    ),
  ].flatMap(([, codes = ""]) => codes.split(", ")),
);

function readIndex(folder: string): Index {
  // The corpus' README tells its form.
  return JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as Index;
}

const cluster = new Set(["Namespace"]);

/** "IST0101 VirtualService default/reviews" */
function lineOf({ code, resource }: Message): string {
  const [kind = "", name = ""] = resource.split(" ");
  const full = name.includes("/") || cluster.has(kind) ? name : `default/${name}`;
  return `${code} ${kind} ${full}`;
}

/** A line for everything that Pillion says and Istio has a code for, and the objects that it denies for their form alone. */
function said(folder: string, { inputs, meshConfigFile }: Case) {
  const refused = new Set<string>();
  const objects: AnyObject[] = [];
  const take = (value: unknown): void => {
    const parsed = parse(value, { defaultNamespace: "default" });
    if (parsed.type === "object") objects.push(parsed.object);
    if (parsed.type === "rejected") refused.add(refText(parsed.ref));
  };
  for (const input of ["implicit-ingressgateway.yaml", ...inputs]) {
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
  const lines = reviewAll(world).flatMap(({ alias, object: { kind, namespace, name } }) =>
    alias === undefined ? [] : [`${alias} ${kind} ${namespace === "" ? name : `${namespace}/${name}`}`],
  );
  return { lines, refused };
}

/** What is left of a list when each item of the other has taken one away. */
function without(list: readonly string[], taken: readonly string[]): readonly string[] {
  const rest = [...list];
  for (const item of taken) {
    const index = rest.indexOf(item);
    if (index !== -1) rest.splice(index, 1);
  }
  return rest;
}

/**
 * How Pillion's words differ from Istio's; undefined where they do not. Pillion speaks once for each place and each rival, Istio
 * sometimes once for all: so what is said more often is no difference, what is said less often is one.
 */
function difference(folder: string, given: Case): string | undefined {
  const { lines: found, refused } = said(folder, given);
  // What is denied for its form, as Istio denies it, needs no further judgement.
  const wanted = given.expected.map(lineOf).filter((line) => !refused.has(line.slice(line.indexOf(" ") + 1)));
  const missing = without(wanted, found);
  const istios = new Set([...given.expected, ...given.allAnalyzersMessages].map(lineOf));
  const extra = [...new Set(found)].filter((line) => !istios.has(line));
  if (missing.length + extra.length === 0) return undefined;
  return [given.id, ...missing.map((line) => `- ${line}`), ...extra.map((line) => `+ ${line}`)].join("\n      ");
}

test.skipIf(corpora === undefined)(`rules have each of Istio's codes, or a reason not to${skipReason}`, () => {
  const { messageCodes } = readIndex(join(corpora ?? "", "analysis", "dev"));
  const codes = Object.keys(messageCodes);
  expect(codes.filter((code) => !had.has(code) && !leftOut.has(code))).toEqual([]);
  expect([...leftOut].filter((code) => had.has(code) || !codes.includes(code))).toEqual([]);
});

test.skipIf(corpora === undefined)(`review() says what Istio's analyzers say as often as ever${skipReason}`, () => {
  const folder = join(corpora ?? "", "analysis", "dev");
  const { cases } = readIndex(folder);
  const inScope = cases.filter(({ expected }) => !expected.some(({ code }) => leftOut.has(code)));
  const differing = inScope.flatMap((given) => {
    const said = difference(folder, given);
    return said === undefined ? [] : [{ id: given.id, said }];
  });
  const held = inScope.length - differing.length;
  const unexplained = differing.filter(({ id }) => !deviations.includes(id)).map(({ said }) => said);
  const counted = `analysis: ${held} of ${inScope.length} hold (${cases.length - inScope.length} are about codes left out)`;
  // biome-ignore lint/suspicious/noConsole: the list is what a person reads to raise the count
  console.info([counted, ...unexplained].join("\n  "));
  expect(held).toBeGreaterThanOrEqual(counts.analysis);
  const stale = deviations.filter((id) => !differing.some((one) => one.id === id));
  expect(stale, "these agree by now").toEqual([]);
});
