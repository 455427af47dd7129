// Injection of what stands in files: the pod that a Deployment, a CronJob and the like will make of their template.
import type { Finding } from "../base/finding.ts";
import { type JsonPath, jsonPath } from "../base/json-path.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { decideUnselected } from "./decide.ts";
import { inject } from "./inject.ts";
import { type JsonObject, objectAt, textAt, withKeys } from "./json.ts";
import { podName, podRef } from "./pod.ts";
import { notInjected } from "./pod-findings.ts";
import type { InjectorSettings } from "./settings.ts";

/** What became of an object that holds a pod. */
export interface TemplateInjection {
  /** The very same object where no proxy went in. */
  readonly object: JsonObject;
  /** About the object as it was written: their paths begin at it, not at the pod. */
  readonly findings: readonly Finding[];
}

/** Where each kind has its pod, by group and kind. */
const places: Readonly<Record<string, readonly string[]>> = {
  "/Pod": [],
  "/ReplicationController": ["spec", "template"],
  "apps/Deployment": ["spec", "template"],
  "apps/StatefulSet": ["spec", "template"],
  "apps/DaemonSet": ["spec", "template"],
  "apps/ReplicaSet": ["spec", "template"],
  "batch/Job": ["spec", "template"],
  "batch/CronJob": ["spec", "jobTemplate", "spec", "template"],
  "apps.openshift.io/DeploymentConfig": ["spec", "template"],
};

/** The keys that lead to the pod or pod template in an object; undefined where its kind has none. */
export function podPlace(object: JsonObject): readonly string[] | undefined {
  const version = textAt(object, "apiVersion");
  const group = version.includes("/") ? version.slice(0, version.indexOf("/")) : "";
  const key = `${group}/${textAt(object, "kind")}`;
  return Object.hasOwn(places, key) ? places[key] : undefined;
}

/** The pod of an object, as its controller will make it; undefined for objects that hold none. */
export function podOf(object: JsonObject): JsonObject | undefined {
  const place = podPlace(object);
  return place === undefined ? undefined : podIn(object, place);
}

/**
 * Put the proxy into the pod of an object, whatever the labels of its namespace say: a person chose it by naming its file.
 * undefined for objects that hold no pod. Errors among the findings refuse the object.
 */
export function injectObject(
  object: JsonObject,
  defaultNamespace: string,
  settings: InjectorSettings,
): TemplateInjection | undefined {
  const place = podPlace(object);
  if (place === undefined) return undefined;
  const namespace = textAt(objectAt(object, "metadata"), "namespace") || defaultNamespace;
  const pod = podIn(object, place);
  const decision = decideUnselected(pod, namespace, settings);
  const { pod: injected, findings } = decision.inject
    ? inject(pod, { name: namespace, labels: {} }, settings)
    : { pod, findings: [notInjected(podRef(pod, namespace), decision)] };
  const ref: ObjectRef = { kind: textAt(object, "kind"), namespace, name: podName(object) };
  return {
    object: injected === pod ? object : withPod(object, place, injected),
    findings: findings.map((finding) => ({ ...finding, object: ref, path: below(place, finding.path) })),
  };
}

/** The pod as its controller will make it; it is named after its workload, and so is its traffic. */
function podIn(object: JsonObject, place: readonly string[]): JsonObject {
  if (place.length === 0) return object;
  const { metadata, ...template } = objectAt(object, ...place);
  const named = { generateName: `${podName(object)}-`, ...objectAt(metadata) };
  return { apiVersion: "v1", kind: "Pod", ...template, metadata: named };
}

function withPod(object: JsonObject, place: readonly string[], pod: JsonObject): JsonObject {
  if (place.length === 0) return pod;
  const template = objectAt(object, ...place);
  const { labels, annotations } = objectAt(pod, "metadata");
  const metadata = withKeys(objectAt(template, "metadata"), { labels, annotations });
  return replaceAt(object, place, withKeys(template, { metadata, spec: objectAt(pod, "spec") }));
}

function replaceAt(object: JsonObject, [key, ...rest]: readonly string[], value: JsonObject): JsonObject {
  return key === undefined ? value : withKeys(object, { [key]: replaceAt(objectAt(object, key), rest, value) });
}

/** The same path, counted from the object: both parts are rendered already, and a pod's begins with a word. */
function below(place: readonly string[], path: JsonPath): JsonPath {
  const base = jsonPath(...place);
  if (path === "" || base === "") return path === "" ? base : path;
  return `${base}.${path}` as JsonPath;
}
