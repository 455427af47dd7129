// Findings for people and for programs, and what follows from them for the exit code.
import { findingLines, hasErrors, type Severity } from "../base/finding.ts";
import { refText } from "../base/object-ref.ts";
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
    const paint = paintFor(io);
    for (const finding of findings) io.out.write(`${placedBlock(finding, paint)}\n\n`);
    io.out.write(`${closingLine(findings, looked)}\n`);
  }
  return hasErrors(findings) ? 1 : 0;
}

/** `FILE:LINE:COLUMN: severity: OBJECT` and the finding below it. */
export function placedBlock(finding: PlacedFinding, paint: Paint = plain): string {
  const { file, line, column, severity } = finding;
  const [first = "", ...rest] = findingLines(finding).map((text) => `  ${text}`);
  const head = `${file}:${line}:${column}: ${paint(severity, words[severity])}: ${refText(finding.object)}`;
  return [head, paint("code", first), ...rest].join("\n");
}

/** Puts colour around a text. */
export type Paint = (what: Severity | "code", text: string) => string;

const plain: Paint = (_what, text) => text;
const colours = { error: "31", warning: "33", info: "36", code: "1" } as const;
const coloured: Paint = (what, text) => `\u001b[${colours[what]}m${text}\u001b[0m`;

/** Colour for people at a terminal, unless they do not want it (https://no-color.org). */
function paintFor({ out }: Io): Paint {
  const isTerminal = "isTTY" in out && out.isTTY === true;
  return isTerminal && (process.env["NO_COLOR"] ?? "") === "" ? coloured : plain;
}

/** The findings in the order of `files`, and of lines in each. */
export function inFileOrder(findings: readonly PlacedFinding[], files: readonly string[]): readonly PlacedFinding[] {
  const position = new Map(files.map((file, index) => [file, index]));
  const of = (finding: PlacedFinding): number => position.get(finding.file) ?? files.length;
  return findings.toSorted((a, b) => of(a) - of(b) || a.line - b.line || a.column - b.column);
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
