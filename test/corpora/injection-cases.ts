// Istio's injection cases as pods and settings of ours; what they assert is judged in injection-assertions.ts.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { parseMeshConfig } from "../../api/mesh-config.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, textAt, withKeys } from "../../injector/json.ts";
import { settingsFromMesh } from "../../injector/mesh-settings.ts";
import { defaultSettings, type InjectorSettings, injectorSettings } from "../../injector/settings.ts";

/** What is asserted of one object of a case's input. */
export interface CasePart {
  readonly id: string;
  readonly pod: JsonObject;
  readonly namespace: string;
  readonly settings: InjectorSettings;
  readonly assertions: readonly JsonObject[];
}

/** JSON of the corpus; parsed, not trusted to have any shape. */
export function readJson(path: string): JsonObject {
  return JSON.parse(readFileSync(path, "utf8")) as JsonObject; // JSON.parse gives nothing but JSON.
}

/** The cases of category general, one entry for each object that something of scope general or convention is asserted of. */
export function caseParts(folder: string): readonly CasePart[] {
  const index = readJson(join(folder, "index.json"));
  return listAt(index, "cases")
    .filter((one) => one["category"] === "general")
    .flatMap((one) => {
      const documents = parseAllDocuments(readFileSync(join(folder, textAt(one, "input")), "utf8")).map(
        (document) => document.toJS() as Json, // plain YAML is JSON's data
      );
      return listAt(one, "assertions").map((part) => partOf(one, part, documents));
    });
}

function partOf(one: JsonObject, part: JsonObject, documents: readonly Json[]): CasePart {
  const on = objectAt(part, "on");
  const document = documents[Number(on["doc"] ?? 0)];
  const item = /\d+/.exec(textAt(on, "item"))?.[0];
  const object = item === undefined ? objectAt(document) : (listAt(objectAt(document), "items")[Number(item)] ?? {});
  const at =
    textAt(on, "podTemplateAt")
      .split(" ")[0]
      ?.replace(/\.spec$/, "") ?? "";
  const template =
    at === "" || at === "spec.jobTemplate.spec.template" ? templateIn(object) : objectAt(object, ...at.split("."));
  const metadata = objectAt(template, "metadata");
  return {
    id: textAt(one, "id"),
    pod: {
      apiVersion: "v1",
      kind: "Pod",
      ...withKeys(template, { metadata: { name: objectAt(object, "metadata")["name"] ?? "", ...metadata } }),
    },
    namespace: textAt(on, "namespace") || "default",
    settings: settingsOf(objectAt(one, "settings")),
    assertions: listAt(part, "assertions").filter(({ scope }) => scope === "general" || scope === "convention"),
  };
}

/** The pod template of a workload; a pod is its own. */
function templateIn(object: JsonObject): JsonObject {
  if (object["kind"] === "Pod") return object;
  const job = objectAt(object, "spec", "jobTemplate");
  return objectAt(object["kind"] === "CronJob" ? job : object, "spec", "template");
}

/** Istio's Helm values and mesh configuration as our settings. */
function settingsOf(settings: JsonObject): InjectorSettings {
  const values = objectAt(settings, "effectiveValuesChanges");
  const value = <T extends Json>(name: string, otherwise: T): Json | T => values[`global.${name}`] ?? otherwise;
  const readiness = (name: string, otherwise: number): number => Number(value(`proxy.readiness${name}`, otherwise));
  const { initialDelaySeconds, periodSeconds, failureThreshold } = defaultSettings.readiness;
  const secrets = values["global.imagePullSecrets"];
  return injectorSettings({
    ...settingsFromMesh(parseMeshConfig(stringify(nested(objectAt(settings, "meshConfigChanges")))).config).changes,
    xds: defaultSettings.xds,
    nativeSidecars: settings["nativeSidecars"] === true,
    imagePullPolicy: value("imagePullPolicy", "") as InjectorSettings["imagePullPolicy"], // one of Kubernetes' words in every case
    imagePullSecrets: Array.isArray(secrets) ? secrets.map(String) : [],
    holdApplicationUntilProxyStarts: value("proxy.holdApplicationUntilProxyStarts", false) === true,
    readiness: {
      initialDelaySeconds: readiness("InitialDelaySeconds", initialDelaySeconds),
      periodSeconds: readiness("PeriodSeconds", periodSeconds),
      failureThreshold: readiness("FailureThreshold", failureThreshold),
    },
    resources: resourcesOf(values),
  });
}

/** `{ "a.b": 1 }` as `{ a: { b: 1 } }`. */
function nested(changes: JsonObject): JsonObject {
  let result: JsonObject = {};
  for (const [path, value] of Object.entries(changes)) {
    const [first = "", second] = path.split(".");
    const inner = second === undefined ? value : withKeys(objectAt(result, first), { [second]: value });
    result = withKeys(result, { [first]: inner });
  }
  return result;
}

function resourcesOf(values: JsonObject): JsonObject {
  let resources = defaultSettings.resources;
  for (const [name, value] of Object.entries(values)) {
    const [, list, resource] = /^global\.proxy\.resources\.(limits|requests)\.(.+)$/.exec(name) ?? [];
    if (list === undefined || resource === undefined || isObject(value)) continue;
    resources = withKeys(resources, {
      [list]: withKeys(objectAt(resources, list), { [resource]: value ?? undefined }),
    });
  }
  return resources;
}
