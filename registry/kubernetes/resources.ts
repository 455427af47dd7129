// Which collections of the API server hold the objects of each kind.
import { apiVersionsOf } from "../../api/kind-description.ts";
import { descriptions, type Kind, kinds } from "../../api/kinds.ts";
import type { WatchedResource } from "./watch.ts";

/** Namespace and name of an object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Only directories need these, for pods are made from them there: on Kubernetes a pod's ReplicaSet names its Deployment. */
const unwatched: readonly Kind[] = ["Deployment", "ServiceAccount"];

/** The kinds that are followed; all others stay empty. */
export const watchedKinds: readonly Kind[] = kinds.filter((kind) => !unwatched.includes(kind));

/** What is watched for a kind. Of ConfigMaps only the one that holds the mesh configuration: others may be large, and secret. */
export function resourceOf(kind: Kind, meshConfig: ObjectName): WatchedResource {
  const [first, ...others] = apiVersionsOf(descriptions[kind]);
  const pathIn = (apiVersion = "v1"): string => {
    const namespace = kind === "ConfigMap" ? `/namespaces/${meshConfig.namespace}` : "";
    return `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}${namespace}/${descriptions[kind].plural}`;
  };
  const fieldSelector = selectorOf(kind, meshConfig);
  return { paths: [pathIn(first), ...others.map(pathIn)], ...(fieldSelector === undefined ? {} : { fieldSelector }) };
}

function selectorOf(kind: Kind, meshConfig: ObjectName): string | undefined {
  if (kind === "ConfigMap") return `metadata.name=${meshConfig.name}`;
  // A finished pod serves nobody, and its address may be another pod's by now.
  if (kind === "Pod") return "status.phase!=Succeeded,status.phase!=Failed";
  return undefined;
}

/** "virtualservices.networking.istio.io", as RBAC rules and messages name it. */
export function resourceName(kind: Kind): string {
  const { group, plural } = descriptions[kind];
  return group === "" ? plural : `${plural}.${group}`;
}
