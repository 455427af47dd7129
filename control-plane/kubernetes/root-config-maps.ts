// The root certificate travels to pods in a ConfigMap of each namespace: written where it is missing or differs, nowhere else.
import { X509Certificate } from "node:crypto";
import { type JsonObject, listAt, objectAt, textAt, textsAt } from "../../injector/json.ts";
import { ignoredNamespaces } from "../../model/injection-labels.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import { type CaBundle, rootsPem, splitPem } from "../ca-bundle.ts";
import type { KubernetesApi } from "./api.ts";
import type { OwnerReference } from "./owner.ts";
import type { FormerRoots, ToldRoots } from "./trusted-roots.ts";
import { managedBy } from "./webhook-configurations.ts";

/** The key in the ConfigMap; Istio's. */
const key = "root-cert.pem";
/** When the stored roots changed last: a control plane that starts in the middle of a replacement goes on from there. */
const sinceAnnotation = "pillion.io/roots-since";
/** Which roots were stored then: what is said of others is no answer to who waits for these. */
const generationAnnotation = "pillion.io/roots-of";

/** The ConfigMap of a revision; named apart, so that another control plane's proxies keep their own root. */
export function rootConfigMapName(revision: string): string {
  return revision === "default" ? sidecarNames.rootConfigMap : `${sidecarNames.rootConfigMap}-${revision}`;
}

/** What every ConfigMap is to say. */
export interface RootConfigMap {
  readonly name: string;
  /** The control plane's own namespace. */
  readonly namespace: string;
  readonly bundle: Pick<CaBundle, "roots" | "rootsSinceMs">;
  readonly generation: string;
  readonly owner: OwnerReference | undefined;
}

/** Whether a namespace has to be written. */
export function isLacking(namespace: string, present: JsonObject | undefined, wanted: RootConfigMap): boolean {
  return !ignoredNamespaces.includes(namespace) && !isRight(present, wanted, namespace);
}

/** Write one. @throws {PillionError} those of the API. */
export function applyRootConfigMap(
  api: Pick<KubernetesApi, "apply">,
  wanted: RootConfigMap,
  namespace: string,
): Promise<JsonObject | "gone"> {
  return api.apply(`/api/v1/namespaces/${namespace}/configmaps/${wanted.name}`, configMap(wanted, namespace));
}

/** What a replica wrote there, ourselves included; undefined where it does not say of what. */
export function toldRoots(configMap: JsonObject): ToldRoots | undefined {
  const generation = annotationOf(configMap, generationAnnotation);
  return generation === "" ? undefined : { generation, roots: rootsIn(configMap), sinceMs: sinceMsOf(configMap) };
}

/** What proxies of all our revisions were given last; without roots where there is no ConfigMap yet. */
export async function readRoots(api: Pick<KubernetesApi, "get">, namespace: string): Promise<FormerRoots> {
  const query = { labelSelector: `${managedBy.label}=${managedBy.value}` };
  const list = await api.get(`/api/v1/namespaces/${namespace}/configmaps`, query);
  const found = list === undefined ? [] : listAt(list, "items");
  return { roots: found.flatMap(rootsIn), sinceMs: Math.max(0, ...found.map(sinceMsOf)) };
}

/** Those that can be read: somebody may have written something else. */
function rootsIn(configMap: JsonObject): readonly string[] {
  return splitPem(textAt(objectAt(configMap, "data"), key)).filter((pem) => {
    try {
      return new X509Certificate(pem).ca;
    } catch {
      return false;
    }
  });
}

const annotationOf = (configMap: JsonObject, name: string): string =>
  textsAt(objectAt(configMap, "metadata"), "annotations")[name] ?? "";

/** 0 where it does not say. */
function sinceMsOf(configMap: JsonObject): number {
  const timeMs = Date.parse(annotationOf(configMap, sinceAnnotation));
  return Number.isNaN(timeMs) ? 0 : timeMs;
}

function isRight(present: JsonObject | undefined, wanted: RootConfigMap, namespace: string): boolean {
  if (present === undefined) return false;
  const { bundle, generation, owner } = wanted;
  if (textAt(objectAt(present, "data"), key) !== rootsPem(bundle)) return false;
  // Replicas agree by the annotations of this one, so these count, too.
  const isOwn = namespace === wanted.namespace;
  const isAgreed =
    annotationOf(present, generationAnnotation) === generation && sinceMsOf(present) === bundle.rootsSinceMs;
  if (isOwn && !isAgreed) return false;
  const owners = listAt(objectAt(present, "metadata"), "ownerReferences");
  return owner === undefined || owners.some(({ uid }) => uid === owner.uid);
}

function configMap({ name, bundle, generation, owner }: RootConfigMap, namespace: string): JsonObject {
  const { rootsSinceMs } = bundle;
  const since = rootsSinceMs === 0 ? {} : { [sinceAnnotation]: new Date(rootsSinceMs).toISOString() };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace,
      labels: { "istio.io/config": "true", [managedBy.label]: managedBy.value },
      annotations: { ...since, [generationAnnotation]: generation },
      ...(owner === undefined ? {} : { ownerReferences: [{ ...owner }] }),
    },
    data: { [key]: rootsPem(bundle) },
  };
}
