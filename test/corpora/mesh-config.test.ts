// Istio's own cases of mesh configuration: is what Istio refuses refused?
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { parseMeshConfig } from "../../api/mesh-config.ts";
import { findingLine, hasErrors } from "../../base/finding.ts";
import { corpora, skipReason } from "./corpora.ts";
import counts from "./counts.json" with { type: "json" };

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly object: unknown;
  readonly verdict: "accept" | "warn" | "reject";
  readonly errors: readonly string[];
}

function readCases(folder: string): readonly Case[] {
  const lines = readFileSync(join(folder, "validation", "meshconfig-dev.jsonl"), "utf8").split("\n");
  // The file is made by a generator whose README names these fields.
  const cases = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Case);
  return cases.filter(({ kind }) => kind === "MeshConfig");
}

test.skipIf(corpora === undefined)(`parseMeshConfig() agrees with Istio as often as ever${skipReason}`, () => {
  const cases = readCases(corpora ?? "");
  const differing = cases.flatMap(({ id, object, verdict, errors }) => {
    const { findings } = parseMeshConfig(stringify(object));
    const isAllowed = !hasErrors(findings);
    if (isAllowed === (verdict !== "reject")) return [];
    return [isAllowed ? `${id} is allowed: ${errors.join("; ")}` : `${id}: ${findings.map(findingLine).join(" ")}`];
  });
  const agreed = cases.length - differing.length;
  // biome-ignore lint/suspicious/noConsole: the list is what a person reads to raise the count
  console.info([`mesh configuration: ${agreed} of ${cases.length} agree`, ...differing].join("\n  "));
  expect(agreed).toBeGreaterThanOrEqual(counts.meshConfig);
});
