// What rules read of pods, whether they stand alone or in the template of a Deployment, which keeps every field unread.
import type { Deployment } from "../../api/deployment.ts";
import { isJsonObject, type JsonObject } from "../../api/normalize.ts";
import type { Pod } from "../../api/pod.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import type { NamespaceLabels } from "../../model/injection-labels.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import { lookUp, type World } from "../../model/world.ts";

/** A pod, or what a Deployment makes its pods from. */
export interface PodView {
  /** "" of a pod itself, else the path of the template. */
  readonly path: JsonPath;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Path of `spec`. */
  readonly specPath: JsonPath;
  readonly hostNetwork: boolean;
  readonly runAsUser: unknown;
  /** Whether the proxy is among its containers, in whichever list. */
  readonly hasProxy: boolean;
  /** Without those that only prepare the pod, unless they stay. */
  readonly containers: readonly ContainerView[];
}

/** One container of it. */
export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly runAsUser: unknown;
  readonly path: JsonPath;
}

/** The pod that an object is, or makes. */
export function podOf(object: Pod | Deployment): PodView {
  if (object.kind === "Pod") {
    const { labels, annotations } = object.metadata;
    return viewOf({ ...object.spec }, jsonPath(), { labels, annotations });
  }
  const { metadata, spec } = object.spec.template ?? {};
  const { labels = {}, annotations = {} } = metadata ?? {};
  return viewOf(isJsonObject(spec) ? spec : {}, jsonPath("spec", "template"), { labels, annotations });
}

/** The labels of a namespace; undefined where the namespace itself is not known, and nothing can be told. */
export function namespaceOf(world: World, name: string): NamespaceLabels | undefined {
  const found = lookUp(world, "Namespace", "", name);
  return found === undefined ? undefined : { name, labels: found.metadata.labels };
}

function viewOf(spec: JsonObject, path: JsonPath, metadata: Pick<PodView, "labels" | "annotations">): PodView {
  const specPath = child(path, "spec");
  const lasting = containersIn(spec, "containers", specPath);
  const initial = containersIn(spec, "initContainers", specPath);
  return {
    path,
    ...metadata,
    specPath,
    hostNetwork: spec["hostNetwork"] === true,
    runAsUser: userIn(spec),
    hasProxy: [...lasting, ...initial].some(({ name }) => name === sidecarNames.proxyContainer),
    containers: [...lasting, ...initial.filter(({ stays }) => stays)],
  };
}

function containersIn(spec: JsonObject, list: string, path: JsonPath): readonly (ContainerView & { stays: boolean })[] {
  const written = spec[list];
  if (!Array.isArray(written)) return [];
  return written.filter(isJsonObject).map((container, index) => ({
    name: textIn(container, "name"),
    image: textIn(container, "image"),
    runAsUser: userIn(container),
    path: child(path, list, index),
    stays: container["restartPolicy"] === "Always",
  }));
}

function textIn(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

function userIn({ securityContext }: JsonObject): unknown {
  return isJsonObject(securityContext) ? securityContext["runAsUser"] : undefined;
}
