// POST /inject: a pod that is to be created, and the patch that puts its proxy into it.
import { hasErrors } from "../base/finding.ts";
import { decide, decideUnselected, type NamespaceFacts } from "../injector/decide.ts";
import { inject } from "../injector/inject.ts";
import { objectAt, textAt } from "../injector/json.ts";
import { patchOf } from "../injector/patch.ts";
import { podRef } from "../injector/pod.ts";
import { notInjected } from "../injector/pod-findings.ts";
import type { InjectorSettings } from "../injector/settings.ts";
import type { AdmissionRequest } from "./admission.ts";
import { type AdmissionResponse, allowed, denied, errored, patched } from "./response.ts";

export interface InjectDeps {
  /** The settings of now; the same object as long as nothing changed. */
  readonly settings: () => InjectorSettings;
  /** Labels and annotations of a namespace; empty ones where it is not known. */
  readonly namespace: (name: string) => NamespaceFacts;
  /**
   * Who looks at the labels of namespace and pod: "api-server" by the selectors of the webhook configuration (then its choice
   * holds, because our own view may be older), "webhook" where there is no API server.
   */
  readonly selection: "api-server" | "webhook";
}

/** The answer for one pod. Nothing is kept, so a dry run gets the same. */
export function injectPod(request: AdmissionRequest, deps: InjectDeps, settings = deps.settings()): AdmissionResponse {
  const pod = request.object;
  if (request.kind !== "Pod" || pod === undefined)
    return errored(400, `Only pods are injected here, and this is "${request.kind}".`);
  if (request.operation !== "CREATE") return allowed();
  const name = request.namespace || textAt(objectAt(pod, "metadata"), "namespace") || "default";
  const namespace = deps.namespace(name);
  const decision =
    deps.selection === "webhook" ? decide(pod, namespace, settings) : decideUnselected(pod, name, settings);
  if (!decision.inject) return allowed([notInjected(podRef(pod, name), decision)]);
  const injection = inject(pod, namespace, settings);
  if (hasErrors(injection.findings)) return denied(injection.findings);
  return patched(patchOf(pod, injection.pod), injection.findings);
}
