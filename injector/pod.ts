// Reading the parts of a raw pod that injection depends on.
import type { ObjectRef } from "../base/object-ref.ts";
import { sidecarNames } from "../model/sidecar.ts";
import { type JsonObject, listAt, objectAt, textAt, textsAt } from "./json.ts";

/** The pod's name as far as it has one: pods of a controller have only the beginning of it before they are stored. */
export function podName(pod: JsonObject): string {
  const metadata = objectAt(pod, "metadata");
  return textAt(metadata, "name") || textAt(metadata, "generateName").replace(/-$/, "") || "unnamed";
}

/** How findings name this pod. */
export function podRef(pod: JsonObject, namespace: string): ObjectRef {
  return { kind: "Pod", namespace, name: podName(pod) };
}

/** Annotations of a raw object. */
export function annotationsOf(object: JsonObject): Readonly<Record<string, string>> {
  return textsAt(objectAt(object, "metadata"), "annotations");
}

/** Labels of a raw object. */
export function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  return textsAt(objectAt(object, "metadata"), "labels");
}

/** Containers that are neither the proxy nor its init container. */
export function applicationContainers(pod: JsonObject): readonly JsonObject[] {
  return listAt(objectAt(pod, "spec"), "containers").filter((container) => !isOurs(container));
}

/** Whether the container has one of the two names that belong to the mesh. */
export function isOurs(container: JsonObject): boolean {
  return container["name"] === sidecarNames.proxyContainer || container["name"] === sidecarNames.initContainer;
}

/**
 * The name of what the pod belongs to: "reviews-v1" for a pod of ReplicaSet reviews-v1-545db77b95, "backup" for one of
 * CronJob backup's Jobs, the pod's own name where it has no owner.
 */
export function workloadName(pod: JsonObject): string {
  const metadata = objectAt(pod, "metadata");
  const owner = listAt(metadata, "ownerReferences").find((one) => one["controller"] === true);
  const hash = labelsOf(pod)["pod-template-hash"];
  const name = owner === undefined ? podName(pod) : textAt(owner, "name");
  if (hash !== undefined && name.endsWith(`-${hash}`)) return name.slice(0, -hash.length - 1);
  if (owner?.["kind"] === "Job") return name.replace(/-\d{8,10}$/, "");
  return name;
}
