// Istio's own validation cases: do schema and rules allow and reject what Istio's webhook and schema do?
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kinds } from "../../api/kinds.ts";
import { parse } from "../../api/parse.ts";
import { type Finding, findingLine, hasErrors } from "../../base/finding.ts";
import { buildSnapshot } from "../../model/build.ts";
import { emptyWorld } from "../../model/world.ts";
import { review } from "../../policies/review.ts";
import { corpora, skipReason } from "./corpora.ts";
import counts from "./counts.json" with { type: "json" };

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly object: unknown;
  readonly verdict: "accept" | "warn" | "reject";
  readonly errors: readonly string[];
}

const world = emptyWorld();
const snapshot = buildSnapshot(world);

function readCases(folder: string): readonly Case[] {
  const lines = readFileSync(join(folder, "validation", "dev.jsonl"), "utf8").split("\n");
  // The file is made by a generator whose README names these fields.
  const cases = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Case);
  return cases.filter(({ kind }) => kinds.some((known) => known === kind));
}

/** What Pillion says about an object that is alone in the world. */
function findingsFor(object: unknown): readonly Finding[] {
  const parsed = parse(object, { defaultNamespace: "default" });
  if (parsed.type === "ignored") return [];
  return parsed.type === "object" ? [...parsed.findings, ...review(parsed.object, world, snapshot)] : parsed.findings;
}

/** Denied for nothing but a field that this version does not enforce. */
function isLimitOfVersion(findings: readonly Finding[]): boolean {
  return findings.every(({ severity, code }) => severity !== "error" || code === "PIL6101");
}

test.skipIf(corpora === undefined)(`review() agrees with Istio as often as ever${skipReason}`, () => {
  const cases = readCases(corpora ?? "");
  const differing = cases.flatMap((given) => {
    const findings = findingsFor(given.object);
    const isAllowed = !hasErrors(findings);
    return isAllowed === (given.verdict !== "reject") ? [] : [{ given, findings, isAllowed }];
  });
  const limits = differing.filter(({ findings, isAllowed }) => !isAllowed && isLimitOfVersion(findings));
  const agreed = cases.length - differing.length;
  const said = differing
    .filter((difference) => !limits.includes(difference))
    .map(({ given, findings, isAllowed }) =>
      isAllowed
        ? `${given.id} is allowed: ${given.errors.join("; ")}`
        : `${given.id} is denied: ${findings.map(findingLine).join(" ")}`,
    );
  // biome-ignore lint/suspicious/noConsole: the list is what a person reads to raise the count
  console.info(
    [`validation: ${agreed} of ${cases.length} agree, ${limits.length} are denied as not enforced yet`, ...said].join(
      "\n  ",
    ),
  );
  expect(agreed).toBeGreaterThanOrEqual(counts.validation);
});
