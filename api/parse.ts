// From a document of unknown content to a typed object, or to everything that is wrong with it.
import type { Finding, Severity } from "../base/finding.ts";
import { jsonPath } from "../base/json-path.ts";
import { memoize } from "../base/memo.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { istioGroups } from "./istio-kinds.ts";
import { apiVersionsOf, type KindDescription } from "./kind-description.ts";
import { type AnyObject, descriptions, isKind } from "./kinds.ts";
import { checkNames, looseMetadata, strictMetadata, toMetadata } from "./metadata.ts";
import { nearest, oneOf } from "./nearest.ts";
import { isJsonObject, type JsonObject, normalize } from "./normalize.ts";
import { anything, type Fields, object, projection, type SchemaNode, type Static, schemaOf, string } from "./schema.ts";
import { checkSchema, type SchemaProblem } from "./schema-findings.ts";
import { waivedCodes } from "./waivers.ts";

/** What became of a document. */
export type Parsed =
  /** An object that the mesh reads; the findings are warnings. */
  | { readonly type: "object"; readonly object: AnyObject; readonly findings: readonly Finding[] }
  /** IstioOperator, which Helm values take the place of; a finding says so. */
  | { readonly type: "known"; readonly ref: ObjectRef; readonly findings: readonly Finding[] }
  /** Nothing can be made of it; at least one finding is an error. */
  | { readonly type: "rejected"; readonly ref: ObjectRef; readonly findings: readonly Finding[] }
  /** Somebody else's kind. */
  | { readonly type: "ignored"; readonly apiVersion: string; readonly kind: string };

/** How to read a document. */
export interface ParseOptions {
  /** Where namespaced objects are that name no namespace. */
  readonly defaultNamespace: string;
}

/** Read one document: one Kubernetes object as JSON or YAML give it. All its mistakes are reported at once. */
export function parse(document: unknown, options: ParseOptions): Parsed {
  if (!isJsonObject(document) || typeof document["kind"] !== "string" || typeof document["apiVersion"] !== "string") {
    return rejectDocument(document, options);
  }
  const { kind, apiVersion } = document;
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  const description = isKind(kind) ? descriptions[kind] : undefined;
  if (description?.group === group && apiVersionsOf(description).includes(apiVersion)) {
    return parseObject(document, apiVersion, description, options);
  }
  if (group === "install.istio.io" && kind === "IstioOperator") return operator(document, options);
  if (!istioGroups.includes(group)) return { type: "ignored", apiVersion, kind };
  return rejectKind(document, kind, apiVersion, options);
}

function parseObject(document: JsonObject, apiVersion: string, kind: KindDescription, options: ParseOptions): Parsed {
  const schema = documentSchema(kind);
  const value = withDefaults(normalize(document, schema, waivesUnknownFields(document) ? "dropped" : undefined), kind);
  const ref = refIn(document, kind.kind, kind.scope === "Cluster" ? "" : options.defaultNamespace, kind.scope);
  const problems = [...checkNames(value["metadata"]), ...checkSchema(schema, value)];
  if (problems.length > 0) return { type: "rejected", ref, findings: toFindings(problems, ref) };
  const body = Object.keys(kind.body).filter((name) => Object.hasOwn(value, name));
  const parsed = {
    apiVersion,
    kind: kind.kind,
    // The check above has just established that this is what the schema of metadata describes.
    metadata: toMetadata(value["metadata"] as Static<typeof looseMetadata>, ref.namespace),
    ...Object.fromEntries(body.map((name) => [name, value[name]])),
  };
  // The one place where checked data gets its type: the schema of the kind is also the source of that type.
  return { type: "object", object: parsed as unknown as AnyObject, findings: [] };
}

/** Whoever writes for a newer version may have its fields without effect here. All who read the object see it alike. */
function waivesUnknownFields({ metadata }: JsonObject): boolean {
  const annotations = isJsonObject(metadata) ? metadata["annotations"] : undefined;
  return isJsonObject(annotations) && waivedCodes(annotations).has("PIL1001");
}

/** The schema of a whole document of that kind. */
const documentSchema = memoize((kind: KindDescription): SchemaNode => {
  const head = { apiVersion: string("API group and version"), kind: string("Kind") };
  const fields: Fields = { ...head, metadata: kind.meshKind ? strictMetadata : looseMetadata, ...kind.body };
  if (!kind.meshKind) return projection(kind.summary, fields);
  return object(kind.summary, { ...fields, status: anything("Written by the control plane") });
});

/** Parts of the body that must be there are empty where they are absent; what they need is then said field by field. */
function withDefaults(value: unknown, { body }: KindDescription): JsonObject {
  const needed = Object.entries(body).filter(([, field]) => schemaOf(field) !== field);
  const mappings = needed.filter(([, field]) => schemaOf(field).type === "object");
  return { ...Object.fromEntries(mappings.map(([name]) => [name, {}])), ...(isJsonObject(value) ? value : {}) };
}

function refIn(
  document: JsonObject,
  kind: string,
  defaultNamespace: string,
  scope: "Namespaced" | "Cluster",
): ObjectRef {
  const metadata = isJsonObject(document["metadata"]) ? document["metadata"] : {};
  const text = (value: unknown, otherwise: string) => (typeof value === "string" && value !== "" ? value : otherwise);
  const namespace = scope === "Cluster" ? "" : text(metadata["namespace"], defaultNamespace);
  return { kind, namespace, name: text(metadata["name"], text(metadata["generateName"], "(no name)")) };
}

function toFindings(
  problems: readonly SchemaProblem[],
  object: ObjectRef,
  severity: Severity = "error",
): readonly Finding[] {
  return problems.map((problem) => ({ ...problem, severity, object, others: [] }));
}

function rejectDocument(document: unknown, options: ParseOptions): Parsed {
  const fields = isJsonObject(document) ? document : {};
  const kind = typeof fields["kind"] === "string" ? fields["kind"] : "Document";
  const ref = refIn(fields, kind, options.defaultNamespace, "Namespaced");
  const missing = ["apiVersion", "kind"].filter((name) => typeof fields[name] !== "string");
  const problem: SchemaProblem = {
    code: "PIL1011",
    path: jsonPath(),
    problem: isJsonObject(document)
      ? `the document has no ${missing.join(" and no ")}`
      : "the document is not a mapping",
    reason: "Nobody can tell what it describes",
    fix: "Begin it with apiVersion and kind, such as apiVersion: networking.istio.io/v1 and kind: VirtualService",
  };
  return { type: "rejected", ref, findings: toFindings([problem], ref) };
}

/** A document of one of Istio's groups whose kind or version does not exist. */
function rejectKind(document: JsonObject, kind: string, apiVersion: string, options: ParseOptions): Parsed {
  const ref = refIn(document, kind, options.defaultNamespace, "Namespaced");
  const reject = (problem: SchemaProblem): Parsed => ({ type: "rejected", ref, findings: toFindings([problem], ref) });
  const all = istioKinds();
  const known = all.find((candidate) => candidate.kind === kind);
  if (known === undefined) return reject(unknownKind(kind, all));
  const versions = known.versions.map((version) => `${known.group}/${version}`);
  return reject(unknownVersion(kind, apiVersion, versions));
}

/** How an installation is described is a matter of Helm. */
function operator(document: JsonObject, options: ParseOptions): Parsed {
  const ref = refIn(document, "IstioOperator", options.defaultNamespace, "Namespaced");
  const problem: SchemaProblem = {
    code: "PIL9002",
    path: jsonPath(),
    problem: "nothing reads an IstioOperator",
    reason: "Pillion is installed by Helm, and the values of its charts take the place of this object",
    fix: "Write spec.values and spec.meshConfig into a values file; docs/install.md lists the keys",
  };
  return { type: "known", ref, findings: toFindings([problem], ref, "warning") };
}

function istioKinds(): readonly { kind: string; group: string; versions: readonly string[] }[] {
  return Object.values(descriptions).filter(({ meshKind }) => meshKind);
}

function unknownKind(kind: string, all: ReturnType<typeof istioKinds>): SchemaProblem {
  const names = all.map((candidate) => candidate.kind);
  const near = nearest(kind, names);
  return {
    code: "PIL1008",
    path: jsonPath("kind"),
    problem: `there is no kind "${kind}" in Istio's API`,
    reason: "Kubernetes has no place to store it, and nothing would read it",
    fix: near === undefined ? `Write one of ${oneOf(names)}` : `Write kind: ${near}`,
  };
}

function unknownVersion(kind: string, apiVersion: string, versions: readonly string[]): SchemaProblem {
  return {
    code: "PIL1009",
    path: jsonPath("apiVersion"),
    problem: `${kind} does not exist in "${apiVersion}"`,
    reason: "Kubernetes has no place to store it",
    fix: `Write apiVersion: ${versions.join(" or ")}`,
  };
}
