// What the API server does with a new pod: defaults, the webhook whose selectors match, a name.
import { randomBytes } from "node:crypto";
import { PillionError } from "../base/error.ts";
import { selectedRevision } from "../model/injection-labels.ts";
import { nodeName } from "./addresses.ts";
import type { AdmissionClient } from "./admission.ts";
import { nameSuffix, uidOf } from "./deployments.ts";
import { type ObjectMap, objectKeyOf } from "./manifests.ts";
import { type KubeObject, type Pod, parsePod } from "./objects.ts";

/** A pod as its controller sends it; with generateName it has no name yet. */
export type DraftPod = Omit<Pod, "metadata"> & {
  readonly metadata: Omit<Pod["metadata"], "name"> & { readonly name?: string };
};

export interface AdmittedPod {
  readonly pod: Pod;
  readonly warnings: readonly string[];
}

/**
 * The pod as it would be stored. The webhook sees it before it has its name, as in Kubernetes.
 * @throws {PillionError} ADMISSION when the webhook denies it, WEBHOOK when it is away.
 */
export async function admitPod(draft: DraftPod, objects: ObjectMap, admission: AdmissionClient): Promise<AdmittedPod> {
  const { namespace, labels = {} } = draft.metadata;
  const object = { ...draft, spec: { serviceAccountName: "default", ...draft.spec } };
  const labelsOfNamespace = objects.get(objectKeyOf("Namespace", "", namespace))?.metadata.labels ?? {};
  if (selectedRevision(labels, { name: namespace, labels: labelsOfNamespace }, false) === undefined) {
    return { pod: named(parsePod(object)), warnings: [] };
  }
  // Only the name may be missing, and the client knows that.
  const verdict = await admission.review("/inject", object as KubeObject);
  if (verdict.allowed) return { pod: named(parsePod(verdict.object)), warnings: verdict.warnings };
  const what = draft.metadata.name ?? `${draft.metadata.generateName ?? ""}*`;
  throw new PillionError("ADMISSION", {
    problem: `The webhook does not let pod ${namespace}/${what} in: ${verdict.message}`,
    fix: "Mend the pod's manifest",
  });
}

function named(pod: Pod): Pod {
  const name = pod.metadata.name ?? `${pod.metadata.generateName ?? ""}${nameSuffix(randomBytes(5))}`;
  const uid = uidOf(randomBytes(16).toString("hex"));
  const metadata = { ...pod.metadata, name, uid, creationTimestamp: new Date().toISOString() };
  return { ...pod, metadata, spec: { ...pod.spec, nodeName } };
}
