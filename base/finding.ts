// What Pillion has to say about a user's object: data, never an exception.
import type { JsonPath } from "./json-path.ts";
import { type ObjectRef, refText } from "./object-ref.ts";

/** `PIL` and four digits; 1 schema, 2 references, 3 conflicts, 4 what Envoy refuses, 5 injection, 6 security, 9 no effect in this version. */
export type Code = `PIL${number}`;

/** error: the object is denied. warning: it is stored, and the user is told. info: shown in its status only. */
export type Severity = "error" | "warning" | "info";

/** A request that shows a conflict: both rules would match it. */
export interface WitnessRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing to know about one place in one object. */
export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly object: ObjectRef;
  readonly path: JsonPath;
  /** What is wrong, with the present value: `subset "v3" is not defined by DestinationRule shop/reviews`. No full stop. */
  readonly problem: string;
  /** What Envoy or users would see: `Envoy would answer 503 for this route`. No full stop. */
  readonly reason: string;
  /** What to do, copy-pastable: `Add subset "v3" there, or use one of "v1", "v2"`. No full stop. */
  readonly fix: string;
  /** Other objects that take part. */
  readonly others: readonly ObjectRef[];
  readonly witness?: WitnessRequest;
}

/** Whether the object that these findings are about must not be stored. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}

/** One line, for logs and admission warnings (they travel as a header, so no line break). */
export function findingLine(finding: Finding): string {
  const place = finding.path === "" ? "" : ` at ${finding.path}`;
  return `${finding.code} ${refText(finding.object)}${place}: ${finding.problem}. ${finding.reason}. ${finding.fix}. See docs/codes/${finding.code}.md`.replaceAll(
    /\s*\n\s*/g,
    " ",
  );
}

/** A block of lines, for denials and terminals. */
export function findingBlock(finding: Finding): string {
  const lines = [
    `${finding.code} ${refText(finding.object)}${finding.path === "" ? "" : ` at ${finding.path}`}`,
    `  what: ${finding.problem}.`,
    `  why:  ${finding.reason}.`,
    `  fix:  ${finding.fix}.`,
  ];
  if (finding.others.length > 0) lines.push(`  with: ${finding.others.map(refText).join(", ")}`);
  if (finding.witness !== undefined) {
    const { method, authority, path, headers } = finding.witness;
    const extra = Object.entries(headers).map(([name, value]) => ` -H '${name}: ${value}'`);
    lines.push(`  seen: ${method} ${authority}${path}${extra.join("")}`);
  }
  lines.push(`  more: docs/codes/${finding.code}.md`);
  return lines.join("\n");
}
