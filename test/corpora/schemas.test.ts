// Our schemas stand beside Istio's verdicts: what Istio takes, they take. (What Istio refuses is mostly up to the rules.)
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { isKind } from "../../api/kinds.ts";
import { parseMeshConfig } from "../../api/mesh-config.ts";
import { parse } from "../../api/parse.ts";
import { findingLine, hasErrors } from "../../base/finding.ts";
import { corpora, skipReason } from "./corpora.ts";

/** A line of the corpus, as far as it is read here. */
interface Case {
  readonly id: string;
  readonly kind: string;
  readonly object: unknown;
  readonly verdict: "accept" | "warn" | "reject";
}

function cases(file: string): readonly Case[] {
  if (corpora === undefined) return [];
  const lines = readFileSync(join(corpora, "validation", file), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Case); // The corpus' README tells its form.
}

/** As many of Istio's rejections were found by the schemas alone when this was written. */
const leastRejected = 40;

describe.skipIf(corpora === undefined)(`parse()${skipReason}`, () => {
  const read = cases("dev.jsonl").filter(({ kind }) => isKind(kind));
  const results = read.map((each) => ({ each, result: parse(each.object, { defaultNamespace: "default" }) }));
  const rejected = results.flatMap(({ each, result }) => (result.type === "rejected" ? [{ each, result }] : []));

  test("rejects nothing that Istio accepts", () => {
    const wrong = rejected.filter(({ each }) => each.verdict !== "reject");
    expect(wrong.map(({ each, result }) => `${each.id} ${result.findings.map(findingLine).join(" ")}`)).toEqual([]);
  });

  test("rejects as many of the others as ever", () => {
    expect(rejected.length).toBeGreaterThanOrEqual(leastRejected);
  });
});

describe.skipIf(corpora === undefined)(`parseMeshConfig()${skipReason}`, () => {
  const accepted = cases("meshconfig-dev.jsonl").filter(
    ({ kind, verdict }) => kind === "MeshConfig" && verdict === "accept",
  );

  test("takes what Istio takes", () => {
    const wrong = accepted.flatMap(({ id, object }) => {
      const { findings } = parseMeshConfig(stringify(object));
      return hasErrors(findings) ? [`${id} ${findings.map(findingLine).join(" ")}`] : [];
    });
    expect(wrong).toEqual([]);
  });

  test("takes no field of Istio's for a misspelled one", () => {
    const warned = accepted.flatMap(({ id, object }) =>
      parseMeshConfig(stringify(object)).findings.map((finding) => `${id} ${finding.path}`),
    );
    expect(warned).toEqual([]);
  });
});
