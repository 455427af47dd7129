// The annotation proxy.istio.io/config: a piece of MeshConfig's ProxyConfig in YAML, for one pod.
// @see https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
import { parse } from "yaml";
import { type Form, regularExpressions, words } from "./forms.ts";
import { isList, isObject, type Json, type JsonObject, objectAt } from "./json.ts";
import type { PodReport } from "./pod-findings.ts";
import type { StatsMatcher } from "./settings.ts";

export const proxyConfigAnnotation = "proxy.istio.io/config";

/** The fields that have an effect; undefined where the pod does not set them. */
export interface ProxyConfig {
  readonly concurrency?: number;
  readonly interceptionMode?: "REDIRECT" | "NONE" | "TPROXY";
  readonly hold?: boolean;
  readonly stats?: Partial<StatsMatcher>;
  readonly environment: Readonly<Record<string, string>>;
}

/** What the annotation says; `undefined` (no annotation) sets nothing. */
export function readProxyConfig(text: string | undefined, report: PodReport): ProxyConfig {
  if (text === undefined) return { environment: {} };
  const document = parsedYaml(text);
  if (!isObject(document)) {
    report.malformed(proxyConfigAnnotation, text, 'a YAML map with fields of ProxyConfig, such as "concurrency: 2"');
    return { environment: {} };
  }
  const unknown = Object.keys(document).filter((name) => !effective.has(name));
  if (unknown.length > 0) {
    const fix = "Remove them, or set what you need with the annotations of docs/injection.md";
    report.withoutEffect(proxyConfigAnnotation, "Envoy runs without an agent, which would read them", fix, unknown);
  }
  return {
    ...numberField(document, "concurrency", report),
    ...modeField(document, report),
    ...holdField(document, report),
    ...statsField(document, report),
    environment: environmentField(document, report),
  };
}

const effective: ReadonlySet<string> = new Set([
  "concurrency",
  "interceptionMode",
  "holdApplicationUntilProxyStarts",
  "proxyStatsMatcher",
  "proxyMetadata",
]);

function parsedYaml(text: string): Json | undefined {
  try {
    // "error": the library would write warnings of odd tags to the process's own output.
    return parse(text, { logLevel: "error" }) as Json; // The YAML of a plain document is JSON's data; dates and the like count as malformed below.
  } catch {
    return undefined; // The caller says what was expected.
  }
}

const wrong = (report: PodReport, name: string, value: Json, expects: string): void =>
  report.malformed(proxyConfigAnnotation, `${name}: ${JSON.stringify(value)}`, expects);

function numberField(document: JsonObject, name: "concurrency", report: PodReport): Pick<ProxyConfig, "concurrency"> {
  const value = document[name];
  if (value === undefined || value === null) return {};
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1024)
    return { concurrency: value };
  wrong(report, name, value, "a whole number of threads from 0 (one for each processor) to 1024");
  return {};
}

function modeField(document: JsonObject, report: PodReport): Pick<ProxyConfig, "interceptionMode"> {
  const value = document["interceptionMode"];
  if (value === undefined || value === null) return {};
  if (value === "REDIRECT" || value === "NONE" || value === "TPROXY") return { interceptionMode: value };
  wrong(report, "interceptionMode", value, "REDIRECT or NONE");
  return {};
}

function holdField(document: JsonObject, report: PodReport): Pick<ProxyConfig, "hold"> {
  const value = document["holdApplicationUntilProxyStarts"];
  if (value === undefined || value === null) return {};
  if (typeof value === "boolean") return { hold: value };
  wrong(report, "holdApplicationUntilProxyStarts", value, "true or false");
  return {};
}

function statsField(document: JsonObject, report: PodReport): Pick<ProxyConfig, "stats"> {
  if (document["proxyStatsMatcher"] === undefined) return {};
  const matcher = objectAt(document, "proxyStatsMatcher");
  const list = (name: string, form: Form<readonly string[]>): readonly string[] | undefined => {
    const value = matcher[name];
    if (value === undefined || value === null) return undefined;
    const texts = isList(value) && value.every((one) => typeof one === "string") ? value : undefined;
    if (texts?.every((text) => form.parse(text.replaceAll(",", "")) !== undefined)) return texts;
    wrong(report, `proxyStatsMatcher.${name}`, value, `a list of ${form.expects}`);
    return undefined;
  };
  const prefixes = list("inclusionPrefixes", words);
  const suffixes = list("inclusionSuffixes", words);
  const regexps = list("inclusionRegexps", regularExpressions);
  return {
    stats: {
      ...(prefixes === undefined ? {} : { prefixes }),
      ...(suffixes === undefined ? {} : { suffixes }),
      ...(regexps === undefined ? {} : { regexps }),
    },
  };
}

function environmentField(document: JsonObject, report: PodReport): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectAt(document, "proxyMetadata"))) {
    if (typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) result[name] = value;
    else wrong(report, `proxyMetadata.${name}`, value, "an environment variable and its text");
  }
  return result;
}
