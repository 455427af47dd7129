// The annotation proxy.istio.io/config: a piece of MeshConfig's ProxyConfig in YAML, for one pod.
// @see https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig
import { parse } from "yaml";
import { type Form, fitsBootstrap, ports, regularExpressions, words } from "./forms.ts";
import { isList, isObject, type Json, type JsonObject, objectAt } from "./json.ts";
import type { PodReport } from "./pod-findings.ts";
import type { ControlPlane, StatsMatcher } from "./settings.ts";

export const proxyConfigAnnotation = "proxy.istio.io/config";

/** The fields that have an effect; undefined where they are not set. */
export interface ProxyConfig {
  readonly concurrency?: number;
  readonly interceptionMode?: "REDIRECT" | "NONE" | "TPROXY";
  readonly hold?: boolean;
  readonly stats?: Partial<StatsMatcher>;
  /** Where the control plane is. */
  readonly xds?: ControlPlane;
  readonly environment: Readonly<Record<string, string>>;
}

/** Hears of fields that have another form than they must have. */
export type Wrong = (field: string, value: Json, expects: string) => void;

/** What the annotation says; `undefined` (no annotation) sets nothing. */
export function readProxyConfig(text: string | undefined, report: PodReport): ProxyConfig {
  if (text === undefined) return { environment: {} };
  const document = parsedYaml(text);
  if (!isObject(document)) {
    report.malformed(proxyConfigAnnotation, text, 'a YAML map with fields of ProxyConfig, such as "concurrency: 2"');
    return { environment: {} };
  }
  const unread = Object.keys(document).filter((name) => !effective.has(name));
  const variables = Object.keys(objectAt(document, "proxyMetadata")).filter((name) => agentVariables.has(name));
  const withoutEffect = [...unread, ...variables.map((name) => `proxyMetadata.${name}`)];
  if (withoutEffect.length > 0) {
    const fix = "Remove them, or set what you need with the annotations of docs/injection.md";
    report.withoutEffect(
      proxyConfigAnnotation,
      "Envoy runs without an agent, which would read them",
      fix,
      withoutEffect,
    );
  }
  return proxyConfigOf(document, (field, value, expects) =>
    report.malformed(proxyConfigAnnotation, `${field}: ${JSON.stringify(value)}`, expects),
  );
}

/** The fields of a ProxyConfig, from the annotation or from the mesh configuration's `defaultConfig`. */
export function proxyConfigOf(document: JsonObject, wrong: Wrong): ProxyConfig {
  return {
    ...numberField(document, "concurrency", wrong),
    ...modeField(document, wrong),
    ...holdField(document, wrong),
    ...statsField(document, wrong),
    ...addressField(document, wrong),
    environment: environmentField(document, wrong),
  };
}

const effective: ReadonlySet<string> = new Set([
  "concurrency",
  "discoveryAddress",
  "interceptionMode",
  "holdApplicationUntilProxyStarts",
  "proxyStatsMatcher",
  "proxyMetadata",
]);

/** Variables by which people switch on what the agent does. */
const agentVariables: ReadonlySet<string> = new Set([
  "ISTIO_META_DNS_CAPTURE",
  "ISTIO_META_DNS_AUTO_ALLOCATE",
  "EXIT_ON_ZERO_ACTIVE_CONNECTIONS",
  "MINIMUM_DRAIN_DURATION",
  "BOOTSTRAP_XDS_AGENT",
]);

function parsedYaml(text: string): Json | undefined {
  try {
    // "error": the library would write warnings of odd tags to the process's own output.
    return parse(text, { logLevel: "error" }) as Json; // The YAML of a plain document is JSON's data; dates and the like count as malformed below.
  } catch {
    return undefined; // The caller says what was expected.
  }
}

function numberField(document: JsonObject, name: "concurrency", wrong: Wrong): Pick<ProxyConfig, "concurrency"> {
  const value = document[name];
  if (value === undefined || value === null) return {};
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1024)
    return { concurrency: value };
  wrong(name, value, "a whole number of threads from 0 (one for each processor) to 1024");
  return {};
}

function modeField(document: JsonObject, wrong: Wrong): Pick<ProxyConfig, "interceptionMode"> {
  const value = document["interceptionMode"];
  if (value === undefined || value === null) return {};
  if (value === "REDIRECT" || value === "NONE" || value === "TPROXY") return { interceptionMode: value };
  wrong("interceptionMode", value, "REDIRECT or NONE");
  return {};
}

function holdField(document: JsonObject, wrong: Wrong): Pick<ProxyConfig, "hold"> {
  const value = document["holdApplicationUntilProxyStarts"];
  if (value === undefined || value === null) return {};
  if (typeof value === "boolean") return { hold: value };
  wrong("holdApplicationUntilProxyStarts", value, "true or false");
  return {};
}

function statsField(document: JsonObject, wrong: Wrong): Pick<ProxyConfig, "stats"> {
  if (document["proxyStatsMatcher"] === undefined) return {};
  const matcher = objectAt(document, "proxyStatsMatcher");
  const list = (name: string, form: Form<readonly string[]>): readonly string[] | undefined => {
    const value = matcher[name];
    if (value === undefined || value === null) return undefined;
    const texts = isList(value) && value.every((one) => typeof one === "string") ? value : undefined;
    const areGood = texts?.every((text) => text !== "" && form.parse(text.replaceAll(",", "")) !== undefined) === true;
    if (texts !== undefined && areGood && fitsBootstrap(texts)) return texts;
    wrong(`proxyStatsMatcher.${name}`, value, `a list of ${form.expects}`);
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

function environmentField(document: JsonObject, wrong: Wrong): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectAt(document, "proxyMetadata"))) {
    if (typeof value === "string" && /^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) result[name] = value;
    else wrong(`proxyMetadata.${name}`, value, "an environment variable and its text");
  }
  return result;
}

function addressField(document: JsonObject, wrong: Wrong): Pick<ProxyConfig, "xds"> {
  const value = document["discoveryAddress"];
  if (value === undefined || value === null) return {};
  const xds = typeof value === "string" ? controlPlane.parse(value) : undefined;
  if (xds === undefined) wrong("discoveryAddress", value, controlPlane.expects);
  return xds === undefined ? {} : { xds };
}

/** An address as `istiod.istio-system.svc:15012`; its host is the name in the certificate. */
export const controlPlane: Form<ControlPlane> = {
  expects: 'a host and a port, such as "istiod.istio-system.svc:15012"',
  parse: (text) => {
    const [, bracketed, plain, port = ""] =
      /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):(\d{1,5})$/.exec(text) ?? [];
    const host = bracketed ?? plain;
    const number = ports.parse(port)?.[0];
    return host === undefined || number === undefined ? undefined : { host, port: number, sni: host };
  },
};
