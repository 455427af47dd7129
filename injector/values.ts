// Istio's Helm values as settings of injection, so that people can bring the file that they have.
// @see https://artifacthub.io/packages/helm/istio-official/istiod
import {
  cidrs,
  cidrsOrAll,
  componentLogLevels,
  type Form,
  imageName,
  logLevel,
  ports,
  portsOrAll,
  quantity,
  trueOrFalse,
  wholeNumber,
} from "./forms.ts";
import { isList, isObject, type Json, type JsonObject, listAt, objectAt, textAt, textsAt, withKeys } from "./json.ts";
import type { LabelExpression, LabelSelector } from "./label-selector.ts";
import { defaultSettings, type InjectorSettings } from "./settings.ts";

/** What was read. */
export interface ValuesReading {
  /** Only what the values set. */
  readonly changes: Partial<InjectorSettings>;
  /** Clauses such as `global.proxy.logLevel is "loud"; it must be ...`; without one all is well. */
  readonly problems: readonly string[];
}

/** Reads one value by its path; undefined where it is not set, or has another form (that is reported). */
type Read = <T>(path: string, form: Form<T>) => T | undefined;

/**
 * Settings from values: those of the chart, those under `values`, or an IstioOperator's. Keys that injection does not depend on
 * are left alone. An image counts when it is a full name: Istio's own ("proxyv2") would not do.
 */
export function settingsFromValues(document: JsonObject): ValuesReading {
  const values = valuesIn(document);
  const problems: string[] = [];
  const read: Read = (path, form) => {
    const value = at(values, path);
    if (value === undefined || value === null) return undefined;
    const parsed = isObject(value) || isList(value) ? undefined : form.parse(String(value));
    if (parsed === undefined) problems.push(`${path} is ${JSON.stringify(value)}; it must be ${form.expects}`);
    return parsed;
  };
  for (const path of pluginPaths) read(path, noPlugin);
  if (at(document, "spec.components.cni.enabled") === true) {
    problems.push(`spec.components.cni.enabled is true; it must be ${noPlugin.expects}`);
  }
  const image = read("global.proxy.image", imageName);
  const policy = read("global.proxy.autoInject", oneOf("enabled", "disabled"));
  const webhook = "sidecarInjectorWebhook";
  const changes = defined({
    proxyImage: image?.includes("/") === true ? image : undefined,
    imagePullPolicy: read("global.imagePullPolicy", oneOf("", "Always", "IfNotPresent", "Never")),
    imagePullSecrets: namesAt(values, "global.imagePullSecrets"),
    revision: read("revision", plainText) || undefined,
    tags: namesAt(values, "revisionTags"),
    clusterDomain: read("global.proxy.clusterDomain", plainText),
    clusterId: read("global.multiCluster.clusterName", plainText) || undefined,
    network: read("global.network", plainText),
    nativeSidecars: read("pilot.env.ENABLE_NATIVE_SIDECARS", nativeSidecars),
    policy,
    neverInjectSelector: selectorsAt(values, `${webhook}.neverInjectSelector`, problems),
    alwaysInjectSelector: selectorsAt(values, `${webhook}.alwaysInjectSelector`, problems),
    enableNamespacesByDefault: read(`${webhook}.enableNamespacesByDefault`, trueOrFalse),
    resources: resourcesIn(values, read),
    redirect: { ...defaultSettings.redirect, ...redirectIn(read) },
    logLevel: read("global.proxy.logLevel", logLevel),
    componentLogLevel: read("global.proxy.componentLogLevel", componentLogLevels),
    readiness: { ...defaultSettings.readiness, ...readinessIn(read) },
    rewriteProbes: read(`${webhook}.rewriteAppHTTPProbe`, trueOrFalse),
    holdApplicationUntilProxyStarts: read("global.proxy.holdApplicationUntilProxyStarts", trueOrFalse),
  });
  return { changes, problems };
}

/** Where Istio's charts of several versions are told that a CNI plugin redirects instead of an init container. */
const pluginPaths = ["pilot.cni.enabled", "cni.enabled", "istio_cni.enabled"] as const;

const noPlugin: Form<false> = {
  expects: "false: Pillion has no CNI plugin, and the init container istio-init sets the redirect rules of every pod",
  parse: (text) => (text === "false" ? false : undefined),
};

function valuesIn(document: JsonObject): JsonObject {
  if (document["kind"] === "IstioOperator") return objectAt(document, "spec", "values");
  return isObject(document["values"]) ? document["values"] : document;
}

function at(values: JsonObject, path: string): Json | undefined {
  const keys = path.split(".");
  return objectAt(values, ...keys.slice(0, -1))[keys.at(-1) ?? ""];
}

/** A word out of a few. */
function oneOf<W extends string>(...words: readonly W[]): Form<W> {
  return {
    expects: words.map((word) => JSON.stringify(word)).join(", "),
    parse: (text) => words.find((word) => word === text),
  };
}

const plainText: Form<string> = { expects: "a text", parse: (text) => text };

const nativeSidecars: Form<boolean | "auto"> = {
  expects: '"true", "false" or "auto"',
  parse: (text) => (text === "auto" ? text : trueOrFalse.parse(text)),
};

/** A value that has that form, as it was written. */
const written = <T>(form: Form<T>): Form<string> => ({
  expects: form.expects,
  parse: (text) => (form.parse(text) === undefined ? undefined : text),
});

function redirectIn(read: Read): Partial<InjectorSettings["redirect"]> {
  const proxy = "global.proxy";
  return defined({
    includeOutboundIPRanges: read(`${proxy}.includeIPRanges`, written(cidrsOrAll)),
    excludeOutboundIPRanges: read(`${proxy}.excludeIPRanges`, written(cidrs)),
    includeInboundPorts: read(`${proxy}.includeInboundPorts`, written(portsOrAll)),
    excludeInboundPorts: read(`${proxy}.excludeInboundPorts`, written(ports)),
    includeOutboundPorts: read(`${proxy}.includeOutboundPorts`, written(portsOrAll)),
    excludeOutboundPorts: read(`${proxy}.excludeOutboundPorts`, written(ports)),
  });
}

function readinessIn(read: Read): Partial<InjectorSettings["readiness"]> {
  return defined({
    initialDelaySeconds: read("global.proxy.readinessInitialDelaySeconds", wholeNumber),
    periodSeconds: read("global.proxy.readinessPeriodSeconds", wholeNumber),
    failureThreshold: read("global.proxy.readinessFailureThreshold", wholeNumber),
  });
}

/** The chart's resources with the values' over them, as Helm does it: null takes a default away. */
function resourcesIn(values: JsonObject, read: Read): JsonObject | undefined {
  const given = objectAt(values, "global", "proxy", "resources");
  if (Object.keys(given).length === 0) return undefined;
  let resources = defaultSettings.resources;
  for (const list of ["limits", "requests"]) {
    const changes: Record<string, Json | undefined> = {};
    for (const [name, value] of Object.entries(objectAt(given, list))) {
      const isTaken = value === null;
      changes[name] = isTaken ? undefined : read(`global.proxy.resources.${list}.${name}`, quantity);
    }
    resources = withKeys(resources, { [list]: withKeys(objectAt(resources, list), changes) });
  }
  return resources;
}

/** Names of secrets: texts, or objects with a name as in a pod. */
function namesAt(values: JsonObject, path: string): readonly string[] | undefined {
  const given = at(values, path);
  if (!isList(given)) return undefined;
  return given.map((one) => (isObject(one) ? textAt(one, "name") : String(one))).filter((name) => name !== "");
}

const operators = oneOf("In", "NotIn", "Exists", "DoesNotExist");

function selectorsAt(values: JsonObject, path: string, problems: string[]): readonly LabelSelector[] | undefined {
  const given = at(values, path);
  if (!isList(given)) return undefined;
  return given.filter(isObject).map((selector) => ({
    matchLabels: textsAt(selector, "matchLabels"),
    matchExpressions: listAt(selector, "matchExpressions").flatMap((expression): LabelExpression[] => {
      const operator = operators.parse(textAt(expression, "operator"));
      if (operator !== undefined) return [{ key: textAt(expression, "key"), operator, values: textList(expression) }];
      problems.push(`an operator in ${path} is "${textAt(expression, "operator")}"; it must be ${operators.expects}`);
      return [];
    }),
  }));
}

function textList(expression: JsonObject): readonly string[] {
  const { values } = expression;
  return isList(values) ? values.map(String) : [];
}

/** The same without what is undefined. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The keys are those of T, and undefined has just been taken out.
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
