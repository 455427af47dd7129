// Which of a cluster's injecting webhooks would put a proxy into a pod, and why or why not: the API server's selectors first,
// then, for our own, what the injector itself asks.
import { decideUnselected, type NamespaceFacts } from "../../injector/decide.ts";
import { isObject, type JsonObject, listAt, objectAt, textAt, textsAt } from "../../injector/json.ts";
import { type LabelSelector, selectorText, selects } from "../../injector/label-selector.ts";
import { labelsOf } from "../../injector/pod.ts";
import { defaultSettings, type InjectorSettings } from "../../injector/settings.ts";
import { askedTemplate } from "../../injector/templates.ts";

/** One webhook configuration and what it would do. */
export interface WebhookRow {
  readonly webhook: string;
  readonly revision: string;
  readonly injected: boolean;
  /** A sentence without its full stop. */
  readonly reason: string;
}

/** The pod as it would be created, and what is known around it. */
export interface Asked {
  readonly pod: JsonObject;
  readonly namespace: NamespaceFacts;
  /** All of the cluster's MutatingWebhookConfigurations. */
  readonly configurations: readonly JsonObject[];
  /** Settings by revision; the defaults for those that are not here. */
  readonly settings: ReadonlyMap<string, InjectorSettings>;
}

/** A row for each webhook configuration that injects proxies. */
export function webhookRows({ pod, namespace, configurations, settings }: Asked): readonly WebhookRow[] {
  return configurations.filter(isInjector).map((configuration) => {
    const revision = revisionOf(configuration);
    const row = { webhook: textAt(objectAt(configuration, "metadata"), "name"), revision };
    const hook = listAt(configuration, "webhooks").find((one) => isSelected(one, pod, namespace));
    if (hook === undefined) return { ...row, injected: false, reason: whyNotSelected(pod, namespace, configuration) };
    const refusal = isOurs(configuration)
      ? refusalOf(pod, namespace, configuration, settings.get(revision))
      : undefined;
    if (refusal !== undefined) return { ...row, injected: false, reason: refusal };
    return { ...row, injected: true, reason: whySelected(pod, namespace, hook) };
  });
}

const isInjector = (configuration: JsonObject): boolean =>
  listAt(configuration, "webhooks").some((one) => textAt(one, "name").endsWith("sidecar-injector.istio.io"));

const isOurs = (configuration: JsonObject): boolean =>
  labelsOf(configuration)["app.kubernetes.io/managed-by"] === "pillion";

/** The revision that a webhook configuration belongs to. */
export function revisionOf(configuration: JsonObject): string {
  return labelsOf(configuration)["istio.io/rev"] ?? "default";
}

function isSelected(hook: JsonObject, pod: JsonObject, { name, labels }: NamespaceFacts): boolean {
  const namespaceLabels = { ...labels, "kubernetes.io/metadata.name": name };
  return (
    holds(objectAt(hook, "namespaceSelector"), namespaceLabels) &&
    holds(objectAt(hook, "objectSelector"), labelsOf(pod))
  );
}

/** Here an empty selector holds for everything. */
function holds(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  const form = selector as LabelSelector; // the API server has checked it
  return selectorText(form) === "" || selects(form, labels);
}

/** What our webhook leaves alone although its labels select it. */
function refusalOf(
  pod: JsonObject,
  namespace: NamespaceFacts,
  configuration: JsonObject,
  settings: InjectorSettings = defaultSettings,
): string | undefined {
  const own = listAt(configuration, "webhooks").map((one) => objectAt(one, "clientConfig", "service")["namespace"]);
  if (own.includes(namespace.name) && askedTemplate(pod) !== "gateway")
    return `Pods beside the control plane get no proxy, gateways apart`;
  const decision = decideUnselected(pod, namespace.name, settings);
  return decision.inject ? undefined : sentence(decision.reason);
}

const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}`;
const labelText = (on: string, name: string, value: string | undefined): string => `${on} label ${name}=${value ?? ""}`;

function whySelected(pod: JsonObject, { labels }: NamespaceFacts, hook: JsonObject): string {
  const pairs = [
    ["Namespace", labels, "istio-injection"],
    ["Namespace", labels, "istio.io/rev"],
    ["Pod", labelsOf(pod), "istio.io/rev"],
    ["Pod", labelsOf(pod), "sidecar.istio.io/inject"],
  ] as const;
  const found = pairs.find(([, present, name]) => present[name] !== undefined);
  if (found === undefined) return `No label forbids it, and ${textAt(hook, "name")} takes all`;
  const [on, present, name] = found;
  return `${labelText(on, name, present[name])} matches`;
}

function whyNotSelected(pod: JsonObject, { name, labels }: NamespaceFacts, configuration: JsonObject): string {
  const wish = labelsOf(pod)["sidecar.istio.io/inject"];
  if (wish === "false") return `Pod has the label sidecar.istio.io/inject=false`;
  const injection = labels["istio-injection"];
  if (injection !== undefined && injection !== "enabled")
    return labelText("Namespace has the", "istio-injection", injection);
  const asked = injection === undefined ? (labels["istio.io/rev"] ?? labelsOf(pod)["istio.io/rev"]) : "default";
  if (asked !== undefined) return `Labels ask for revision ${asked}`;
  if (isIgnored(name, configuration)) return `Namespace ${name} is never injected`;
  return "Neither namespace nor pod has a label that asks for it";
}

function isIgnored(name: string, configuration: JsonObject): boolean {
  return listAt(configuration, "webhooks").every((hook) =>
    listAt(objectAt(hook, "namespaceSelector"), "matchExpressions").some(
      ({ key, operator, values }) =>
        key === "kubernetes.io/metadata.name" && operator === "NotIn" && Array.isArray(values) && values.includes(name),
    ),
  );
}

/** Labels and annotations of a namespace as the API server gives it; of one that is not there, none. */
export function namespaceFacts(name: string, object: JsonObject | undefined): NamespaceFacts {
  const metadata = isObject(object) ? objectAt(object, "metadata") : {};
  return { name, labels: textsAt(metadata, "labels"), annotations: textsAt(metadata, "annotations") };
}
