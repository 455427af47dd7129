// From the text of a file to the objects in it.
import type { AnyObject } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { parse } from "../../api/parse.ts";
import { type Finding, hasErrors } from "../../base/finding.ts";
import type { JsonPath } from "../../base/json-path.ts";
import { type ObjectRef, refText } from "../../base/object-ref.ts";
import { meshConfigMapFindings } from "../../policies/mesh-grades.ts";
import { readDocuments, type SourceDocument } from "../yaml-source.ts";
import { type FileProblem, findingProblem } from "./report.ts";

/** An object that a file wants to have in the world. */
export interface Candidate {
  readonly object: AnyObject;
  readonly ref: ObjectRef;
  /** refText of it: two candidates with one id are the same object of Kubernetes. */
  readonly id: string;
  readonly line: number;
  readonly lineOf: (path: JsonPath) => number;
}

/** What a file holds. */
export interface FileContent {
  readonly candidates: readonly Candidate[];
  readonly problems: readonly FileProblem[];
  /** True while some of it cannot be read: then nobody can tell what the file no longer holds. */
  readonly isBroken: boolean;
  /** Kinds of others, as "apiVersion kind". */
  readonly skipped: readonly string[];
}

/** Objects and problems of a file's text. */
export function readObjects(text: string, defaultNamespace: string): FileContent {
  const { documents, problems } = readDocuments(text);
  if (problems.length > 0) {
    const sentences = problems.map(({ line, text: what }) => ({
      line,
      text: `line ${line} is not YAML: ${what}. ${wayOut}`,
    }));
    return unreadable(sentences);
  }
  const candidates: Candidate[] = [];
  const found: FileProblem[] = [];
  const skipped = new Set<string>();
  let isBroken = false;
  for (const source of documents) {
    const parsed = parse(source.value, { defaultNamespace });
    switch (parsed.type) {
      case "ignored":
        skipped.add(`${parsed.apiVersion} ${parsed.kind}`);
        break;
      case "known":
        found.push(...atLines(parsed.findings, source));
        break;
      case "rejected":
        found.push(...atLines(parsed.findings, source));
        isBroken = true;
        break;
      case "object": {
        // Checked here, so that a mesh configuration that cannot be read never takes the place of one that could.
        const findings = [...parsed.findings, ...meshConfigMapFindings(parsed.object)];
        found.push(...atLines(findings, source));
        if (hasErrors(findings)) isBroken = true;
        else candidates.push(toCandidate(parsed.object, source));
      }
    }
  }
  return { candidates, problems: found, isBroken, skipped: [...skipped] };
}

const wayOut = "What was read from the file before stays in force until the line is corrected";

/** The content of a file that cannot be read at all. */
export function unreadable(problems: readonly FileProblem[]): FileContent {
  return { candidates: [], problems, isBroken: true, skipped: [] };
}

function toCandidate(object: AnyObject, { line, lineOf }: SourceDocument): Candidate {
  const ref = refOf(object);
  return { object, ref, id: refText(ref), line, lineOf };
}

function atLines(findings: readonly Finding[], source: SourceDocument): readonly FileProblem[] {
  return findings.map((finding) => findingProblem(finding, source.lineOf(finding.path)));
}
