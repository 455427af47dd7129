// What the injector has to say about a pod; each code has its page in docs/codes/.
import type { Code, Finding, Severity } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import type { Decision } from "./decide.ts";
import type { Json } from "./json.ts";

/** Makes findings about one pod. */
export interface PodReport {
  readonly findings: Finding[];
  /** PIL5002: an annotation's value has another form than it must have. */
  malformed(annotation: string, value: string, expects: string): void;
  /** PIL5007: a field of the pod's own istio-proxy or istio-init has another form than it must have. */
  malformedField(container: string, field: string, value: Json, expects: string): void;
  /** PIL5003: asks for something that this version cannot do, so the pod is refused. */
  unsupported(place: readonly (string | number)[], problem: string, fix: string): void;
  /** PIL5004: accepted, and without effect here: the whole annotation, or these fields of it. */
  withoutEffect(annotation: string, reason: string, fix: string, fields?: readonly string[]): void;
  /** PIL5005: an application container that runs as the proxy's user. */
  runsAsProxy(container: string, user: number): void;
  /** PIL5006: a probe that cannot be asked through the proxy. */
  probeLeftAlone(container: string, probe: string, problem: string): void;
}

/** Longest piece of a value that a message repeats. */
const shownCharacters = 120;

export function podReport(object: ObjectRef): PodReport {
  const findings: Finding[] = [];
  const add = (
    code: Code,
    severity: Severity,
    place: readonly (string | number)[],
    text: readonly [string, string, string],
  ) => {
    const [problem, reason, fix] = text;
    findings.push({ code, severity, object, path: jsonPath(...place), problem, reason, fix, others: [] });
  };
  const annotationPlace = (name: string): readonly string[] => ["metadata", "annotations", name];
  return {
    findings,
    malformed: (name, value, expects) =>
      add("PIL5002", "error", annotationPlace(name), [
        `annotation ${name} is ${shown(value)}`,
        `Pillion cannot build the proxy of this pod from it; it must be ${expects}`,
        `Correct the value, or remove the annotation to get the default`,
      ]),
    malformedField: (container, field, value, expects) =>
      add(
        "PIL5007",
        "error",
        ["spec"],
        [
          `${field} of container "${container}" is ${shown(value)}`,
          `The proxy and its redirect rules are made from it; it must be ${expects}`,
          "Correct the value, or remove the field to get the default",
        ],
      ),
    unsupported: (place, problem, fix) =>
      add("PIL5003", "error", place, [problem, "This version of Pillion cannot inject such a pod", fix]),
    withoutEffect: (name, reason, fix, fields = []) => {
      const what = fields.length === 0 ? "" : `${fields.length === 1 ? "field" : "fields"} ${fields.join(", ")} of `;
      const problem = `${what}annotation ${name} ${fields.length > 1 ? "have" : "has"} no effect`;
      add("PIL5004", "warning", annotationPlace(name), [problem, reason, fix]);
    },
    runsAsProxy: (container, user) =>
      add(
        "PIL5005",
        "warning",
        ["spec"],
        [
          `container "${container}" runs as user ${user}, the proxy's own`,
          "Its connections are not redirected, so routes and mutual TLS do not apply to them",
          "Set another runAsUser",
        ],
      ),
    probeLeftAlone: (container, probe, problem) =>
      add(
        "PIL5006",
        "warning",
        ["spec"],
        [
          `${probe} of container "${container}" ${problem}`,
          "The kubelet asks the application itself, which fails where mutual TLS is STRICT",
          "Give the probe a port number, or a name that the container's ports have",
        ],
      ),
  };
}

/** PIL5001: the pod stays without a proxy, and why. */
export function notInjected(object: ObjectRef, decision: Extract<Decision, { inject: false }>): Finding {
  return {
    code: "PIL5001",
    severity: "warning",
    object,
    path: jsonPath(),
    problem: `no proxy was injected: ${decision.reason}`,
    reason: "Its traffic does not pass through the mesh",
    fix: "If it should, change that and create the pod again",
    others: [],
  };
}

/** A value in quotes, without line breaks and control characters, cut where it is long. */
function shown(value: Json): string {
  // JSON has no word for what a number like 1e400 is read as.
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}..."` : text;
}
