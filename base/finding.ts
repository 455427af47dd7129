// What Pillion has to say about a user's object: data, never an exception.
import type { JsonPath } from "./json-path.ts";
import { type ObjectRef, refText } from "./object-ref.ts";

/** `PIL` and four digits; 1 schema, 2 references, 3 conflicts, 4 what Envoy refuses, 5 injection, 6 security, 9 no effect in this version. */
export type Code = `PIL${number}`;

/** A code of Istio's analyzers. */
export type IstioCode = `IST${number}`;

/** error: the object is denied. warning: it is stored, and the user is told. info: shown in its status only. */
export type Severity = "error" | "warning" | "info";

/** A request that shows a conflict: both rules would match it. */
export interface WitnessRequest {
  readonly method: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A connection that shows a conflict: both rules are for it. What is left out may be anything. */
export interface WitnessConnection {
  /** Server name of the TLS handshake. */
  readonly serverName?: string;
  /** IP address that the caller asks for. */
  readonly address?: string;
  /** Port that the caller asks for. */
  readonly port?: number;
}

/** One thing to know about one place in one object. */
export interface Finding {
  readonly code: Code;
  /** Istio's code for the same, where it has one. */
  readonly alias?: IstioCode;
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
  /** What `witness` is for rules of TLS and TCP. */
  readonly connection?: WitnessConnection;
}

/** Whether the object that these findings are about must not be stored. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === "error");
}

/** One line, for logs and admission warnings (they travel as a header, so no line break). */
export function findingLine(finding: Finding): string {
  const place = finding.path === "" ? "" : ` at ${finding.path}`;
  const { code, object, problem, reason, fix } = finding;
  const sentences = [problem, reason, fix].map(sentence).join(" ");
  return `${code} ${refText(object)}${place}: ${sentences} See docs/codes/${code}.md`.replaceAll(/\s*\n\s*/g, " ");
}

/** The lines about one finding, for denials and terminals: code, place and problem, and below them why and what to do. */
export function findingLines(finding: Finding): readonly string[] {
  const { code, path, problem, reason, fix, witness } = finding;
  const indent = " ".repeat(code.length + 1);
  const example = witness === undefined ? undefined : witnessText(witness);
  const shown = example === undefined || reason.includes(example) ? [] : [`${indent}${example} shows it.`];
  return [
    `${code} ${path === "" ? "" : `${path}: `}${sentence(problem)}`,
    `${indent}${sentence(reason)}`,
    ...shown,
    `${indent}${sentence(fix)}  docs/codes/${code}.md`,
  ];
}

/** All findings, object by object, each with a head line: `VirtualService shop/reviews: 2 problems`. */
export function findingsText(findings: readonly Finding[]): string {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const name = refText(finding.object);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [finding]);
    else group.push(finding);
  }
  return [...groups]
    .flatMap(([name, own]) => [
      `${name}: ${own.length} problem${own.length === 1 ? "" : "s"}`,
      ...own.flatMap(findingLines).map((line) => `  ${line}`),
    ])
    .join("\n");
}

/** "GET http://reviews/api with end-user: jason" */
export function witnessText({ method, authority, path, headers }: WitnessRequest): string {
  const extra = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${method} http://${authority}${path}${extra.length === 0 ? "" : ` with ${extra.join(", ")}`}`;
}

/** "A TLS connection for www.example.com to port 443" */
export function connectionText({ serverName, address, port }: WitnessConnection): string {
  const sort = serverName === undefined ? "A TCP connection" : `A TLS connection for ${serverName}`;
  const place = address === undefined ? `port ${port ?? ""}` : `${address}${port === undefined ? "" : ` port ${port}`}`;
  return port === undefined && address === undefined ? sort : `${sort} to ${place}`;
}

/** Texts of findings come without a full stop. */
function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
