// What stands in a cluster, as `kubectl get -o json` would print it: everything that the rules look at.
import { homedir } from "node:os";
import { join } from "node:path";
import { descriptions, type Kind, kinds } from "../api/kinds.ts";
import { meshConfigMap } from "../api/mesh-config.ts";
import { kubernetesApi } from "../control-plane/kubernetes/api.ts";
import { createApiClient } from "../registry/kubernetes/api-client.ts";

/** Kinds that no rule looks at, or of which one object counts. */
const left: readonly Kind[] = ["ConfigMap", "Deployment", "ReplicaSet", "ServiceAccount", "Node"];

/** A List of all objects. Kinds that the cluster does not know are left out. */
export async function readCluster(kubeconfig: string | undefined, signal: AbortSignal): Promise<string> {
  const file = kubeconfig ?? (process.env["KUBECONFIG"] || join(homedir(), ".kube", "config"));
  const client = await createApiClient({ kubeconfig: file });
  try {
    const api = kubernetesApi(client, signal);
    const items: unknown[] = [];
    for (const kind of kinds.filter((name) => !left.includes(name))) {
      const { group, versions, plural } = descriptions[kind];
      const version = versions[0];
      const root = group === "" ? "/api" : `/apis/${group}`;
      const list = await api.get(`${root}/${version}/${plural}`);
      const found = list?.["items"];
      const apiVersion = group === "" ? version : `${group}/${version}`;
      for (const item of Array.isArray(found) ? found : []) items.push({ ...Object(item), apiVersion, kind });
    }
    const { namespace, name } = meshConfigMap;
    const mesh = await api.get(`/api/v1/namespaces/${namespace}/configmaps/${name}`);
    if (mesh !== undefined) items.push({ ...mesh, apiVersion: "v1", kind: "ConfigMap" });
    return JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 1);
  } finally {
    client.close();
  }
}
