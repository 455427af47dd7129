// Whether an injected pod is what a case of the corpus asserts; its README and index tell the forms.
import { isDeepStrictEqual } from "node:util";
import type { Injection } from "../../injector/inject.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, textAt, withKeys } from "../../injector/json.ts";
import { quantityValue } from "../../injector/quantity.ts";
import { type Redirect, redirectRules } from "../../injector/redirect.ts";
import { probesAnnotation, proxyUserId, sidecarNames } from "../../model/sidecar.ts";

/** Whether the assertion holds. `injection` is undefined where nothing was injected. */
export function holds(assertion: JsonObject, input: JsonObject, injection: Injection | undefined): boolean {
  const pod = injection?.pod ?? input;
  if (assertion["rejected"] === true) return isRejected(assertion, injection);
  if (injection?.findings.some(({ severity }) => severity === "error")) return false;
  if (assertion["injected"] !== undefined) return (injection !== undefined) === assertion["injected"];
  if (assertion["podTemplate"] === "unchanged") return isDeepStrictEqual(pod, input);
  if (assertion["document"] !== undefined) return true; // No pod: nothing is sent to the webhook.
  if (assertion["interception"] !== undefined) return isIntercepted(assertion["interception"], pod);
  if (assertion["proxyContainerIn"] !== undefined) {
    const native = assertion["proxyContainerIn"] === "initContainers";
    const proxy = named(pod, native ? "initContainers" : "containers", sidecarNames.proxyContainer);
    return proxy !== undefined && (proxy["restartPolicy"] === "Always") === native;
  }
  if (assertion["probe"] !== undefined) return isProbed(assertion, input, pod);
  if (assertion["lifecycle"] === "unchanged") {
    const app = named(pod, "containers", textAt(assertion, "appContainer"));
    return same(app?.["lifecycle"], assertion["value"]);
  }
  if (assertion["appProbers"] !== undefined) return areAsked(objectAt(assertion, "appProbers"), pod);
  if (assertion["proxyConfig"] !== undefined) return isConfigured(objectAt(assertion, "proxyConfig"), pod);
  if (assertion["path"] !== undefined) return isAt(assertion, input, pod);
  return false;
}

function isRejected(assertion: JsonObject, injection: Injection | undefined): boolean {
  const errors = injection?.findings.filter(({ severity }) => severity === "error") ?? [];
  const wanted = textAt(assertion, "errorContains").toLowerCase();
  return errors.some(({ problem }) => problem.toLowerCase().includes(wanted));
}

const named = (pod: JsonObject, list: string, name: string): JsonObject | undefined =>
  listAt(objectAt(pod, "spec"), list).find(
    (one) => one["name"] === (name === "@interception" ? sidecarNames.initContainer : name),
  );

/** The rules in the pod are those that we make for what is asserted; the text of the rules is tested for itself. */
function isIntercepted(wanted: Json, pod: JsonObject): boolean {
  const init = named(pod, "initContainers", "@interception");
  if (!isObject(wanted)) return init === undefined;
  const texts = (key: string): readonly string[] => [wanted[key] ?? []].flat().map(String);
  const numbers = (key: string): readonly number[] => texts(key).map(Number);
  const orAll = <T>(key: string, list: readonly T[]): "*" | readonly T[] => (texts(key)[0] === "*" ? "*" : list);
  const redirect: Redirect = {
    includeOutboundIPRanges: orAll("includeOutboundIPRanges", texts("includeOutboundIPRanges")),
    excludeOutboundIPRanges: texts("excludeOutboundIPRanges"),
    includeInboundPorts: orAll("includeInboundPorts", numbers("includeInboundPorts")),
    excludeInboundPorts: numbers("excludeInboundPorts"),
    includeOutboundPorts: orAll("includeOutboundPorts", numbers("includeOutboundPorts")),
    excludeOutboundPorts: numbers("excludeOutboundPorts"),
    excludeInterfaces: texts("excludeInterfaces"),
    virtualInterfaces: texts("rerouteVirtualInterfaces"),
    proxyUser: proxyUserId,
  };
  const anyUser = (text: string): string => text.replaceAll(/--uid-owner \d+/g, "");
  const given = [init?.["args"] ?? []].flat().map((text) => anyUser(String(text)));
  return (
    wanted["mode"] === "REDIRECT" &&
    (["IPv4", "IPv6"] as const).every((family) => given.includes(anyUser(redirectRules(redirect, family))))
  );
}

function isProbed(assertion: JsonObject, input: JsonObject, pod: JsonObject): boolean {
  const list = textAt(assertion, "in");
  const field = textAt(assertion, "probe");
  const [before, after] = [input, pod].map((one) =>
    objectAt(named(one, list, textAt(assertion, "appContainer")), field),
  );
  if (assertion["expect"] === "unchanged") return isDeepStrictEqual(after, before);
  const target = objectAt(assertion, "istioTarget");
  const request = objectAt(after, "httpGet");
  const handlers = { httpGet: undefined, tcpSocket: undefined, grpc: undefined };
  const table = JSON.parse(String(objectAt(pod, "metadata", "annotations")[probesAnnotation] ?? "{}")) as JsonObject; // written by us
  return (
    request["path"] === target["path"] &&
    request["port"] === target["port"] &&
    table[textAt(target, "path")] !== undefined &&
    isDeepStrictEqual(withKeys(after ?? {}, handlers), withKeys(before ?? {}, handlers))
  );
}

/** Our table says what Istio's prober would be told. */
function areAsked(wanted: JsonObject, pod: JsonObject): boolean {
  const table = JSON.parse(String(objectAt(pod, "metadata", "annotations")[probesAnnotation] ?? "{}")) as JsonObject; // written by us
  return Object.entries(wanted).every(([path, prober]) => {
    const entry = objectAt(table, path);
    const { httpGet, tcpSocket, grpc } = objectAt(prober);
    const asked = objectAt(httpGet ?? tcpSocket ?? grpc);
    const isSame = (key: string, otherwise: Json): boolean => same(entry[key], asked[key] ?? otherwise);
    if (entry["port"] !== asked["port"]) return false;
    if (httpGet === undefined) return entry["type"] === (grpc === undefined ? "tcp" : "grpc");
    return entry["type"] === "http" && isSame("path", "/") && entry["https"] === (asked["scheme"] === "HTTPS");
  });
}

/** The fields of ProxyConfig, where they show in our container. */
function isConfigured(wanted: JsonObject, pod: JsonObject): boolean {
  const all = ["initContainers", "containers"].map((list) => named(pod, list, sidecarNames.proxyContainer));
  const proxy = all.find((one) => one !== undefined) ?? {};
  const args = JSON.stringify(proxy["args"] ?? []);
  const env = listAt(proxy, "env");
  return Object.entries(wanted).every(([field, value]) => {
    if (field === "proxyMetadata") {
      return Object.entries(objectAt(value)).every(([name, text]) =>
        env.some((one) => one["name"] === name && one["value"] === text),
      );
    }
    if (field === "discoveryAddress") {
      const [host = "", port] = String(value).split(":");
      return args.includes(`\\"address\\":\\"${host}\\",\\"port_value\\":${port}`);
    }
    // 0 leaves it to the limits, as we do without it.
    return field === "concurrency" && value === 0;
  });
}

function isAt(assertion: JsonObject, input: JsonObject, pod: JsonObject): boolean {
  const path = textAt(assertion, "path");
  if (assertion["order"] !== undefined) {
    const found = listAt(objectAt(pod, "spec"), path.split("[")[0] ?? "").map((one) => one["name"]);
    return isDeepStrictEqual(
      found.map((name) => (name === sidecarNames.initContainer ? "@interception" : name)),
      assertion["order"],
    );
  }
  const found = valueAt(pod, path);
  if (assertion["absent"] === true) return found === undefined;
  if (assertion["contains"] !== undefined) {
    return Object.entries(objectAt(assertion, "contains")).every(([key, value]) => same(objectAt(found)[key], value));
  }
  if (assertion["containsAll"] !== undefined) {
    const items = Array.isArray(found) ? found : [];
    return listAt(assertion, "containsAll").every((one) => items.some((item: Json) => same(item, one)));
  }
  if (assertion["unchangedExcept"] !== undefined) {
    const before = objectAt(valueAt(input, path));
    const free = Object.fromEntries([assertion["unchangedExcept"]].flat().map((name) => [String(name), undefined]));
    return same(withKeys(withoutStopDelay(objectAt(found), before), free), withKeys(before, free));
  }
  return same(found, assertion["equals"]);
}

/** We add a preStop sleep on purpose (docs/injection.md); nothing else may be new. */
function withoutStopDelay(container: JsonObject, before: JsonObject): JsonObject {
  const sleep = objectAt(container, "lifecycle", "preStop", "sleep");
  return before["lifecycle"] === undefined && sleep["seconds"] === 2
    ? withKeys(container, { lifecycle: undefined })
    : container;
}

/** `containers[name=x].a.b`, `metadata.labels[key]`, `volumes[name=x]`; lists are those of the pod's spec. */
function valueAt(pod: JsonObject, path: string): Json | undefined {
  const words = path.match(/[^.[\]]+(?=[.[]|$)|\[[^\]]*\]/g) ?? [];
  let at: Json | undefined = words[0] === "metadata" || words[0] === "spec" ? pod : objectAt(pod, "spec");
  for (const word of words) {
    const key = word.replace(/^\[|\]$/g, "");
    if (Array.isArray(at)) {
      const name = key === "@interception" ? sidecarNames.initContainer : key.replace(/^name=/, "");
      at = at.find((one: Json) => isObject(one) && one["name"] === name) as Json | undefined; // an item of a JSON list
    } else at = isObject(at) ? at[key] : undefined;
  }
  return at;
}

/** Equal, where quantities compare by value, and nothing, null and an empty object are one. */
function same(found: Json | undefined, wanted: Json | undefined): boolean {
  const [a, b] = [found, wanted].map((one) => (isObject(one) && Object.keys(one).length === 0 ? null : (one ?? null)));
  if (isObject(a) && isObject(b))
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => same(a[key], b[key]));
  const [x, y] = [quantityValue(a), quantityValue(b)];
  return x !== undefined && y !== undefined ? x === y : isDeepStrictEqual(a, b);
}
