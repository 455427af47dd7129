// What is wrong with a file, for logs, the CLI and the console.
import { type Finding, findingLine } from "../../base/finding.ts";

/** One thing to know about one line of a file. */
export interface FileProblem {
  /** From 1. */
  readonly line: number;
  /** Absent where the text is no YAML, or the file cannot be read. */
  readonly finding?: Finding;
  /** One sentence or more, on one line. */
  readonly text: string;
}

/** All that is wrong with one file; no problems means that it is well again. */
export interface FileReport {
  /** Path, as it was found below the directory that was given. */
  readonly file: string;
  readonly problems: readonly FileProblem[];
}

/** A finding as a problem of a line. */
export function findingProblem(finding: Finding, line: number): FileProblem {
  return { line, finding, text: findingLine(finding) };
}
