// From the texts of files to objects, each with its place, and to everything that is wrong with each by itself.
import type { AnyObject } from "../api/kinds.ts";
import { parse } from "../api/parse.ts";
import type { Finding } from "../base/finding.ts";
import { type JsonPath, jsonPath } from "../base/json-path.ts";
import { meshConfigMapFindings } from "../policies/mesh-grades.ts";
import { readDocuments, type SourceDocument, type SourcePlace, type SourceProblem } from "../registry/yaml-source.ts";
import type { InputFile } from "./read-files.ts";

/** A finding, and where in the files its cause stands. */
export interface PlacedFinding extends Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** An object, and where in the files it stands. */
export interface PlacedObject {
  readonly file: string;
  readonly object: AnyObject;
  /** The line on which it begins. */
  readonly line: number;
  readonly placeOf: (path: JsonPath) => SourcePlace;
}

export interface ParsedFiles {
  /** In the order of files and lines. */
  readonly objects: readonly PlacedObject[];
  readonly findings: readonly PlacedFinding[];
  /** Objects of the mesh, those with mistakes included. */
  readonly count: number;
  /** Other people's kinds, as "apiVersion kind", with how many there are. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** All objects of the files. Those that name no namespace are in `defaultNamespace`. */
export function parseFiles(files: readonly InputFile[], defaultNamespace: string): ParsedFiles {
  const objects: PlacedObject[] = [];
  const findings: PlacedFinding[] = [];
  const skipped = new Map<string, number>();
  let count = 0;
  for (const { file, text } of files) {
    const { documents, problems } = readDocuments(text);
    findings.push(...problems.map((problem) => notYaml(file, problem)));
    for (const source of documents) {
      const parsed = parse(source.value, { defaultNamespace });
      if (parsed.type === "ignored") {
        const kind = `${parsed.apiVersion} ${parsed.kind}`;
        skipped.set(kind, (skipped.get(kind) ?? 0) + 1);
        continue;
      }
      count += 1;
      findings.push(...atLines(parsed.findings, file, source));
      if (parsed.type !== "object") continue;
      findings.push(...atLines(meshConfigMapFindings(parsed.object), file, source));
      objects.push({ file, object: parsed.object, line: source.line, placeOf: source.placeOf });
    }
  }
  return { objects, findings, count, skipped };
}

/** The findings with their places. */
export function atLines(
  findings: readonly Finding[],
  file: string,
  { placeOf }: Pick<SourceDocument, "placeOf">,
): readonly PlacedFinding[] {
  return findings.map((finding) => ({ ...finding, file, ...placeOf(finding.path) }));
}

/** What the user did not write as YAML. */
export function notYaml(file: string, { line, text }: SourceProblem): PlacedFinding {
  return {
    code: "PIL1014",
    severity: "error",
    object: { kind: "File", namespace: "", name: file },
    path: jsonPath(),
    problem: `line ${line} is not YAML: ${text}`,
    reason: "Nobody can tell which objects the file holds",
    fix: "Correct the line, or the indentation and quotes above it",
    others: [],
    file,
    line,
    column: 1,
  };
}
