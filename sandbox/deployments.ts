// Deployments in miniature: which pods a Deployment should have, under the names and labels that Kubernetes gives them.
import { createHash } from "node:crypto";
import type { Deployment, ObjectMeta, Pod } from "./objects.ts";

/** What a Deployment's pods look like to it. */
export interface OwnedPod {
  /** "namespace/name". */
  readonly key: string;
  /** {@link templateHash} that it was made from. */
  readonly hash: string;
  readonly ready: boolean;
}

/** What is to do now; when it is done (and pods became ready) ask again. */
export interface Rollout {
  readonly create: number;
  readonly remove: readonly string[];
}

/** Kubernetes' alphabet for names made by machines: no vowels, so no words. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** Differs when the pod template does; ten characters as in pod-template-hash. */
export function templateHash(deployment: Deployment): string {
  const digest = createHash("sha256").update(JSON.stringify(deployment.spec.template)).digest();
  return lettersOf(digest.subarray(0, 10));
}

/** "x2x9z" from five random bytes. */
export function nameSuffix(random: Uint8Array): string {
  return lettersOf(random.subarray(0, 5));
}

/**
 * New pods first; the pods of an older template go when every new one is ready, so that a rollout loses no request.
 * Of too many, those that are not ready go first, then the youngest.
 */
export function rollout(wanted: number, hash: string, pods: readonly OwnedPod[]): Rollout {
  const current = pods.filter((pod) => pod.hash === hash);
  const old = pods.filter((pod) => pod.hash !== hash);
  const surplus = [...current.filter(({ ready }) => ready), ...current.filter(({ ready }) => !ready)].slice(wanted);
  const settled = current.length >= wanted && current.filter(({ ready }) => ready).length >= wanted;
  return {
    create: Math.max(0, wanted - current.length),
    remove: [...surplus, ...(settled ? old : [])].map(({ key }) => key),
  };
}

/** A pod of this Deployment as its ReplicaSet would send it to the API server: with generateName, without a name yet. */
export function podOf(
  deployment: Deployment,
  hash: string,
): Omit<Pod, "metadata"> & { readonly metadata: Omit<ObjectMeta, "name"> } {
  const { metadata = {}, spec } = deployment.spec.template;
  const replicaSet = `${deployment.metadata.name}-${hash}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: `${replicaSet}-`,
      namespace: deployment.metadata.namespace,
      labels: { ...metadata.labels, "pod-template-hash": hash },
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: replicaSet, uid: uidOf(replicaSet), controller: true },
      ],
    },
    spec,
  };
}

/** The same uid for the same name, in the form of one. */
export function uidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

function lettersOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length] ?? "").join("");
}
