// What belongs to an installation goes with it: everything made at run time is owned by the chart's ClusterRole.
import { PillionError } from "../../base/error.ts";
import { objectAt, textAt } from "../../injector/json.ts";
import type { KubernetesApi } from "./api.ts";

/** An entry of `metadata.ownerReferences`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The ClusterRole of that name as an owner; undefined where none is wanted.
 * @throws {PillionError} OWNER_MISSING, and those of the API.
 */
export async function findOwner(
  api: Pick<KubernetesApi, "get">,
  name: string | undefined,
): Promise<OwnerReference | undefined> {
  if (name === undefined) return undefined;
  const role = await api.get(`/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`);
  const uid = textAt(objectAt(role, "metadata"), "uid");
  if (uid !== "") return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name, uid };
  throw new PillionError("OWNER_MISSING", {
    problem: `there is no ClusterRole "${name}"`,
    reason: "Webhook configurations, the CA and root certificates would stay behind when the installation goes",
    fix: "Install the chart again, or name its ClusterRole with --owner-cluster-role",
  });
}
