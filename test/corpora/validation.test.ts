// Istio's own validation cases: do schema and rules allow and reject what Istio's webhook and schema do?
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "../../api/parse.ts";
import { type Finding, findingLine, hasErrors } from "../../base/finding.ts";
import { buildSnapshot } from "../../model/build.ts";
import { worldOf } from "../../model/testing/world-of.ts";
import { review } from "../../policies/review.ts";
import { corpora, skipReason } from "./corpora.ts";
import counts from "./counts.json" with { type: "json" };
import deviationsJson from "./deviations.json" with { type: "json" };

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly object: unknown;
  readonly verdict: "accept" | "warn" | "reject";
  readonly errors: readonly string[];
  readonly expectedErrorText?: string;
}

/** That something is not enforced yet says nothing about whether it is well-formed. */
/** Cases in which Pillion differs on purpose. */
const deviations: readonly { readonly id: string; readonly reason: string }[] = deviationsJson.filter(({ id }) =>
  id.startsWith("val-"),
);

const world = worldOf(`
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "pillion: { findings: { PIL6001: off } }" }`);
const snapshot = buildSnapshot(world);

/** Deviations with a reason stay under this share of the cases. */
const mostDeviations = 0.03;

function readCases(folder: string): readonly Case[] {
  const lines = readFileSync(join(folder, "validation", "dev.jsonl"), "utf8").split("\n");
  // The file is made by a generator whose README names these fields.
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Case);
}

/** What Pillion says about an object that is alone in the world. */
function findingsFor(object: unknown): readonly Finding[] {
  const parsed = parse(object, { defaultNamespace: "default" });
  if (parsed.type === "ignored") return [];
  return parsed.type === "object" ? [...parsed.findings, ...review(parsed.object, world, snapshot)] : parsed.findings;
}

function difference(given: Case): readonly string[] {
  const findings = findingsFor(given.object);
  const isAllowed = !hasErrors(findings);
  if (isAllowed === (given.verdict !== "reject")) return [];
  if (isAllowed) return [`${given.id} is allowed: ${given.errors.join("; ")}`];
  return [
    `${given.id} is denied: ${findings
      .filter(({ severity }) => severity === "error")
      .map(findingLine)
      .join(" ")}`,
  ];
}

test.skipIf(corpora === undefined)(`review() agrees with Istio as often as ever${skipReason}`, () => {
  const cases = readCases(corpora ?? "");
  const meant = new Set(deviations.map(({ id }) => id));
  const differing = cases.flatMap((given) => difference(given).map((said) => ({ id: given.id, said })));
  const agreed = cases.length - differing.length;
  const unexplained = differing.filter(({ id }) => !meant.has(id)).map(({ said }) => said);
  // biome-ignore lint/suspicious/noConsole: the list is what a person reads to raise the count
  console.info([`validation: ${agreed} of ${cases.length} agree`, ...unexplained].join("\n  "));
  expect(agreed).toBeGreaterThanOrEqual(counts.validation);
  expect(deviations.length).toBeLessThan(cases.length * mostDeviations);
  const stale = deviations.filter(({ id }) => !differing.some((one) => one.id === id)).map(({ id }) => id);
  expect(stale, "these agree by now").toEqual([]);
});
