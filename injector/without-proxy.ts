// Why a pod that runs has no proxy, for those whose labels have something to do with this mesh; of all others nobody wants to hear.
import { injectLabel, selectedRevision } from "../model/injection-labels.ts";
import { type Decision, decide, type NamespaceFacts } from "./decide.ts";
import { type JsonObject, listAt, objectAt } from "./json.ts";
import { isOurs, labelsOf } from "./pod.ts";
import type { InjectorSettings } from "./settings.ts";

export interface WithoutProxy {
  readonly code: Extract<Decision, { inject: false }>["code"] | "created-before";
  /** A clause: "its namespace ...". */
  readonly reason: string;
}

/** Why; undefined for pods that have a proxy, and for those that neither they nor their namespace meant for this revision. */
export function whyWithoutProxy(
  pod: JsonObject,
  namespace: NamespaceFacts,
  settings: InjectorSettings,
): WithoutProxy | undefined {
  const spec = objectAt(pod, "spec");
  if ([...listAt(spec, "containers"), ...listAt(spec, "initContainers")].some(isOurs)) return undefined;
  if (!isMeant(pod, namespace, settings)) return undefined;
  const decision = decide(pod, namespace, settings);
  if (!decision.inject) return decision;
  const reason =
    "it was created before its labels or its namespace's asked for one, or while the webhook was not there";
  return { code: "created-before", reason };
}

/** Whether the labels would choose this revision if the pod itself did not refuse, or the pod asks for a proxy by name. */
function isMeant(pod: JsonObject, namespace: NamespaceFacts, settings: InjectorSettings): boolean {
  const { [injectLabel]: wish, ...labels } = labelsOf(pod);
  if (wish === "true") return true;
  const chosen = selectedRevision(labels, namespace, settings.enableNamespacesByDefault);
  return chosen !== undefined && [settings.revision, ...settings.tags].includes(chosen);
}
