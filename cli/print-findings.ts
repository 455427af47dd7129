// Findings for people and for programs, and what follows from them for the exit code.
import { findingBlock, hasErrors, type Severity } from "../base/finding.ts";
import type { ParsedFiles, PlacedFinding } from "./parse-files.ts";
import type { ExitCode, Io } from "./verb.ts";

export const outputForms = ["text", "json"] as const;
export type OutputForm = (typeof outputForms)[number];

/** What was looked at. */
export interface Looked {
  readonly files: number;
  readonly objects: number;
}

/** Print the findings in the order of files and lines; 1 where one of them is an error. */
export function printFindings(findings: readonly PlacedFinding[], form: OutputForm, looked: Looked, io: Io): ExitCode {
  if (form === "json") io.out.write(`${JSON.stringify(findings, null, 2)}\n`);
  else {
    for (const finding of findings) io.out.write(`${placedBlock(finding)}\n\n`);
    io.out.write(`${closingLine(findings, looked)}\n`);
  }
  return hasErrors(findings) ? 1 : 0;
}

/** `FILE:LINE severity` and the finding below it. */
export function placedBlock(finding: PlacedFinding): string {
  return `${finding.file}:${finding.line} ${finding.severity}\n${findingBlock(finding)}`;
}

/** The findings in the order of `files`, and of lines in each. */
export function inFileOrder(findings: readonly PlacedFinding[], files: readonly string[]): readonly PlacedFinding[] {
  const position = new Map(files.map((file, index) => [file, index]));
  const of = (finding: PlacedFinding): number => position.get(finding.file) ?? files.length;
  return findings.toSorted((a, b) => of(a) - of(b) || a.line - b.line);
}

/** "3 files, 12 objects: 1 error, 2 warnings" */
export function closingLine(findings: readonly PlacedFinding[], { files, objects }: Looked): string {
  const counts = (["error", "warning", "info"] as const).flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [counted(count, words[severity])];
  });
  const result = counts.length === 0 ? "all well" : counts.join(", ");
  return `${counted(files, "file")}, ${counted(objects, "object")}: ${result}`;
}

/** One line about the kinds that nobody looked at; nothing where there are none. */
export function printSkipped({ skipped }: Pick<ParsedFiles, "skipped">, io: Io): void {
  if (skipped.size === 0) return;
  const kinds = [...skipped].map(([kind, count]) => (count === 1 ? kind : `${kind} (${count})`));
  io.err.write(`Skipped what the mesh does not read: ${kinds.join(", ")}.\n`);
}

const words: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "note" };

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
