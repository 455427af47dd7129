// What is to be said about a mesh configuration: what api/ finds in it, and grades of codes that grade nothing.
import type { AnyObject } from "../api/kinds.ts";
import { meshConfigMap, parseMeshConfig } from "../api/mesh-config.ts";
import { nearest } from "../api/nearest.ts";
import { refOf } from "../api/object.ts";
import { type Finding, hasErrors } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { sameRef } from "../base/object-ref.ts";
import { unknownCode, whyFixed } from "./common/waivers.ts";
import { rules } from "./rules.ts";

/** Everything that is wrong with the text of a mesh configuration. */
export function meshConfigFindings(yamlText: string): readonly Finding[] {
  const { config, findings } = parseMeshConfig(yamlText);
  if (hasErrors(findings)) return findings;
  const grades = Object.entries(config.pillion.findings);
  return [...findings, ...grades.flatMap(([code, grade]) => (grade === "deny" && isRule(code) ? [] : idleGrade(code)))];
}

/** The same for an object, which is a mesh configuration or another one. */
export function meshConfigMapFindings(object: AnyObject): readonly Finding[] {
  if (object.kind !== "ConfigMap" || !sameRef(refOf(object), meshConfigMap)) return [];
  return meshConfigFindings(object.data[meshConfigMap.key] ?? "");
}

function isRule(code: string): boolean {
  return rules.some((one) => one.code === code);
}

/** Whoever believes a code switched off is surprised by the next denial. */
function idleGrade(code: string): readonly Finding[] {
  const why = whyFixed(code, rules);
  if (why === undefined) return [];
  const likely = why.what === unknownCode ? likelyCode(code) : undefined;
  const { kind, namespace, name, key } = meshConfigMap;
  const finding: Finding = {
    code: "PIL1016",
    severity: "warning",
    object: { kind, namespace, name },
    path: jsonPath("data", key, "pillion", "findings", code),
    problem: `"${code.slice(0, 40)}" is graded, and ${why.what}${likely === undefined ? "" : `; did you mean "${likely}"?`}`,
    reason: why.reason,
    fix: likely === undefined ? "Take it away" : `Write ${likely}, or take it away`,
    others: [],
  };
  return [finding];
}

/** By Istio's code for the same, or by typing errors; of four digits each other one is as likely as the next. */
function likelyCode(code: string): string | undefined {
  if (/^PIL\d{4}$/.test(code)) return undefined;
  const codes = rules.map((one) => one.code);
  return rules.find(({ alias }) => alias === code)?.code ?? nearest(code, codes);
}
