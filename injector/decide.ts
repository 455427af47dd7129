// Which pods get a proxy, in Istio's order of questions, and the sentence for those that do not.
// @see https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/#controlling-the-injection-policy
import {
  ignoredNamespaces,
  injectLabel,
  type NamespaceLabels,
  namespaceLabel,
  revisionLabel,
  selectedRevision,
} from "../model/injection-labels.ts";
import { type JsonObject, objectAt, textsAt } from "./json.ts";
import { selectorText, selects } from "./label-selector.ts";
import type { InjectorSettings } from "./settings.ts";
import { askedTemplate, type Template } from "./templates.ts";

/** What decisions need of the pod's namespace. */
export interface NamespaceFacts extends NamespaceLabels {
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Why a pod is left alone. */
export type SkipCode =
  | "host-network"
  | "windows"
  | "ignored-namespace"
  | "namespace-not-selected"
  | "other-revision"
  | "pod-opted-out"
  | "never-selector"
  | "policy-disabled";

export type Decision =
  | { readonly inject: true; readonly template: Template }
  | { readonly inject: false; readonly code: SkipCode /** A clause: "its namespace ...". */; readonly reason: string };

/** Whether this revision injects that pod: what the webhook's selectors ask first, then what the injector asks. */
export function decide(pod: JsonObject, namespace: NamespaceFacts, settings: InjectorSettings): Decision {
  const never = neverInjected(pod, namespace.name);
  if (never !== undefined) return never;
  return (
    notSelected(textsAt(objectAt(pod, "metadata"), "labels"), namespace, settings) ??
    decideUnselected(pod, namespace.name, settings)
  );
}

/** The decision for a pod that was chosen already, by the API server's selectors or by a person: the namespace's labels play no part. */
export function decideUnselected(pod: JsonObject, namespace: string, settings: InjectorSettings): Decision {
  const never = neverInjected(pod, namespace);
  if (never !== undefined) return never;
  const metadata = objectAt(pod, "metadata");
  const labels = textsAt(metadata, "labels");
  const annotations = textsAt(metadata, "annotations");
  const place = labels[injectLabel] === undefined ? "annotation" : "label";
  const wish = labels[injectLabel] ?? annotations[injectLabel];
  const yes: Decision = {
    inject: true,
    template: askedTemplate(pod) ?? "sidecar", // others are refused when the pod is injected
  };
  if (wish === "true") return yes;
  if (wish === "false") return no("pod-opted-out", `its ${place} ${injectLabel} is "false"`);
  const refusing = settings.neverInjectSelector.find((selector) => selects(selector, labels));
  if (refusing !== undefined) return no("never-selector", `neverInjectSelector "${selectorText(refusing)}" matches it`);
  if (settings.alwaysInjectSelector.some((selector) => selects(selector, labels))) return yes;
  if (settings.policy === "enabled") return yes;
  return no("policy-disabled", `the injection policy is "disabled" and the pod has no label ${injectLabel}: "true"`);
}

const no = (code: SkipCode, reason: string): Decision => ({ inject: false, code, reason });

function neverInjected(pod: JsonObject, namespace: string): Decision | undefined {
  if (objectAt(pod, "spec")["hostNetwork"] === true) {
    return no(
      "host-network",
      "it uses the network of its node (hostNetwork: true), which cannot be redirected for one pod",
    );
  }
  if (ignoredNamespaces.includes(namespace))
    return no("ignored-namespace", `namespace "${namespace}" is never injected`);
  if (isForWindows(objectAt(pod, "spec")))
    return no("windows", "it is for nodes with Windows, and the proxy runs on Linux only");
  return undefined;
}

const systemLabels = ["kubernetes.io/os", "beta.kubernetes.io/os"];

function isForWindows(spec: JsonObject): boolean {
  const nodes = textsAt(spec, "nodeSelector");
  return objectAt(spec, "os")["name"] === "windows" || systemLabels.some((label) => nodes[label] === "windows");
}

function notSelected(
  labels: Readonly<Record<string, string>>,
  namespace: NamespaceFacts,
  settings: InjectorSettings,
): Decision | undefined {
  const wanted = selectedRevision(labels, namespace, settings.enableNamespacesByDefault);
  if (wanted === settings.revision || (wanted !== undefined && settings.tags.includes(wanted))) return undefined;
  if (wanted !== undefined) {
    return no("other-revision", `its labels ask for revision "${wanted}" and this is revision "${settings.revision}"`);
  }
  if (labels[injectLabel] === "false") return no("pod-opted-out", `its label ${injectLabel} is "false"`);
  const injection = namespace.labels[namespaceLabel];
  return no(
    "namespace-not-selected",
    injection === undefined
      ? `namespace "${namespace.name}" has neither the label ${namespaceLabel}=enabled nor ${revisionLabel}`
      : `namespace "${namespace.name}" has the label ${namespaceLabel}=${injection}`,
  );
}
