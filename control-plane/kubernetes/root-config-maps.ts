// The root certificate travels to pods in a ConfigMap of each namespace: written where it is missing or differs, nowhere else.
import { ignoredNamespaces } from "../../injector/decide.ts";
import { type JsonObject, listAt, objectAt, textAt, textsAt } from "../../injector/json.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import { type CaBundle, rootsPem, splitPem } from "../ca-bundle.ts";
import type { KubernetesApi } from "./api.ts";
import type { OwnerReference } from "./owner.ts";
import type { FormerRoots } from "./trusted-roots.ts";
import { managedBy } from "./webhook-configurations.ts";

/** The key in the ConfigMap; Istio's. */
const key = "root-cert.pem";
/** When the newest root came: a control plane that starts in the middle of a replacement goes on from there. */
const sinceAnnotation = "pillion.io/roots-since";

/** The ConfigMap of a revision; named apart, so that another control plane's proxies keep their own root. */
export function rootConfigMapName(revision: string): string {
  return revision === "default" ? sidecarNames.rootConfigMap : `${sidecarNames.rootConfigMap}-${revision}`;
}

/** What every ConfigMap is to say. */
export interface RootConfigMap {
  readonly name: string;
  readonly bundle: Pick<CaBundle, "roots" | "rootsSinceMs">;
  readonly owner: OwnerReference | undefined;
}

/** Namespaces that are written at once. */
const together = 8;

/**
 * Bring all of them into order. `present` holds those that are there by namespace, and is kept up to date.
 * @returns in how many namespaces it was written. @throws {PillionError} those of the API.
 */
export async function applyRootConfigMaps(
  api: Pick<KubernetesApi, "apply">,
  wanted: RootConfigMap,
  namespaces: readonly string[],
  present: Map<string, JsonObject>,
): Promise<number> {
  const lacking = namespaces.filter((one) => !ignoredNamespaces.includes(one) && !isRight(present.get(one), wanted));
  for (let at = 0; at < lacking.length; at += together) {
    const some = lacking.slice(at, at + together).map(async (namespace) => {
      const path = `/api/v1/namespaces/${namespace}/configmaps/${wanted.name}`;
      const written = await api.apply(path, configMap(wanted, namespace));
      if (written !== "gone") present.set(namespace, written);
    });
    await Promise.all(some);
  }
  return lacking.length;
}

/** What proxies of all our revisions were given last; without roots where there is no ConfigMap yet. */
export async function readRoots(api: Pick<KubernetesApi, "get">, namespace: string): Promise<FormerRoots> {
  const query = { labelSelector: `${managedBy.label}=${managedBy.value}` };
  const list = await api.get(`/api/v1/namespaces/${namespace}/configmaps`, query);
  const found = list === undefined ? [] : listAt(list, "items");
  const times = found.map((one) =>
    Date.parse(textsAt(objectAt(one, "metadata"), "annotations")[sinceAnnotation] ?? ""),
  );
  return {
    roots: found.flatMap((one) => splitPem(textAt(objectAt(one, "data"), key))),
    sinceMs: Math.max(0, ...times.filter((time) => !Number.isNaN(time))),
  };
}

function isRight(present: JsonObject | undefined, { bundle, owner }: RootConfigMap): boolean {
  if (present === undefined || textAt(objectAt(present, "data"), key) !== rootsPem(bundle)) return false;
  const owners = listAt(objectAt(present, "metadata"), "ownerReferences");
  return owner === undefined || owners.some(({ uid }) => uid === owner.uid);
}

function configMap({ name, bundle, owner }: RootConfigMap, namespace: string): JsonObject {
  const { rootsSinceMs } = bundle;
  const annotations = rootsSinceMs === 0 ? {} : { [sinceAnnotation]: new Date(rootsSinceMs).toISOString() };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name,
      namespace,
      labels: { "istio.io/config": "true", [managedBy.label]: managedBy.value },
      annotations,
      ...(owner === undefined ? {} : { ownerReferences: [{ ...owner }] }),
    },
    data: { [key]: rootsPem(bundle) },
  };
}
