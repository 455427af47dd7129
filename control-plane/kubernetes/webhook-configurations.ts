// What the API server is told about our webhooks: which requests it must ask about, and nothing more, because what it asks
// about stands still while the control plane is away.
// @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
import { istioGroups } from "../../api/istio-kinds.ts";
import { descriptions, kinds } from "../../api/kinds.ts";
import type { LabelExpression } from "../../injector/label-selector.ts";
import { templatesAnnotation } from "../../injector/templates.ts";
import { ignoredNamespaces } from "../../model/injection-labels.ts";
import type { OwnerReference } from "./owner.ts";
import { tagsAnnotation } from "./tags.ts";

/** What the configurations depend on. */
export interface WebhookFacts {
  /** The control plane's own namespace. */
  readonly namespace: string;
  readonly revision: string;
  /** Other names of this revision, as labels may give them. */
  readonly tags: readonly string[];
  /** Namespaces without any label count as labelled istio-injection=enabled. */
  readonly enableNamespacesByDefault: boolean;
  /** Where the API server finds us. */
  readonly target:
    | { readonly type: "service"; readonly name: string }
    /** Without the path: `https://127.0.0.1:15017`. */
    | { readonly type: "url"; readonly url: string };
  /** PEM of all that may have signed our serving certificate. */
  readonly rootsPem: string;
  readonly owner: OwnerReference | undefined;
}

interface Selector {
  readonly matchExpressions: readonly LabelExpression[];
}

/** One entry, as far as both sorts of configuration agree. */
export interface WebhookEntry {
  readonly name: string;
  readonly clientConfig: {
    readonly caBundle: string;
    readonly service?: {
      readonly name: string;
      readonly namespace: string;
      readonly path: string;
      readonly port: number;
    };
    readonly url?: string;
  };
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly apiVersions: readonly string[];
    readonly resources: readonly string[];
    readonly operations: readonly string[];
    readonly scope: string;
  }[];
  readonly namespaceSelector?: Selector;
  readonly objectSelector: Selector;
  /** Never an empty list: the API server drops it, and would see a change each time. */
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly failurePolicy: "Fail" | "Ignore";
  readonly matchPolicy: "Equivalent";
  readonly sideEffects: "None";
  readonly timeoutSeconds: number;
  readonly admissionReviewVersions: readonly ["v1"];
  readonly reinvocationPolicy?: "IfNeeded";
}

export interface WebhookConfiguration {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  readonly metadata: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly webhooks: readonly WebhookEntry[];
}

/** Says that an object is ours; another control plane of the same revision recognizes by it that it comes second. */
export const managedBy = { label: "app.kubernetes.io/managed-by", value: "pillion" } as const;

const injectLabel = "sidecar.istio.io/inject";
const revisionLabel = "istio.io/rev";
const injectionLabel = "istio-injection";

/** Seconds that the API server waits for an answer: its own default, written down so that nobody else's default counts. */
const timeoutSeconds = 10;
/** A deletion is never worth a longer wait, because we only warn of what it leaves behind. */
const deleteTimeoutSeconds = 2;

const lacks = (key: string): LabelExpression => ({ key, operator: "DoesNotExist" });
const is = (key: string, ...values: readonly string[]): LabelExpression => ({ key, operator: "In", values });
const isNot = (key: string, ...values: readonly string[]): LabelExpression => ({ key, operator: "NotIn", values });

/** All names that a label may give to this revision, and whether what names none is for it. */
function namesOf({ revision, tags }: Pick<WebhookFacts, "revision" | "tags">): {
  readonly names: readonly string[];
  readonly isDefault: boolean;
} {
  const names = [...new Set([revision, ...tags])];
  return { names, isDefault: names.includes("default") };
}

/** The one for pods: the same table as `selectedRevision` of the injector, as selectors. */
export function injectorConfiguration(facts: WebhookFacts): WebhookConfiguration {
  const { names, isDefault } = namesOf(facts);
  const unlabelled = [lacks(injectionLabel), lacks(revisionLabel)];
  const wanted = isNot(injectLabel, "false");
  const hooks: [name: string, namespaces: readonly LabelExpression[], pods: readonly LabelExpression[]][] = [
    ["rev.namespace", [is(revisionLabel, ...names), lacks(injectionLabel)], [wanted]],
    ["rev.object", unlabelled, [wanted, is(revisionLabel, ...names)]],
  ];
  if (isDefault) {
    hooks.push(["namespace", [is(injectionLabel, "enabled")], [wanted]]);
    hooks.push(["object", unlabelled, [is(injectLabel, "true"), lacks(revisionLabel)]]);
  }
  if (isDefault && facts.enableNamespacesByDefault) {
    hooks.push(["auto", unlabelled, [isNot(injectLabel, "true", "false"), lacks(revisionLabel)]]);
  }
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: metadata(injectorName(facts.revision), "sidecar-injector", facts),
    webhooks: hooks.map(([name, namespaces, pods]) => ({
      ...entry(facts, `${name}.sidecar-injector.istio.io`, "/inject"),
      rules: [
        { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"], scope: "Namespaced" },
      ],
      namespaceSelector: {
        matchExpressions: [...namespaces, isNot("kubernetes.io/metadata.name", ...ignoredNamespaces)],
      },
      objectSelector: { matchExpressions: pods },
      matchConditions: podConditions(facts.namespace),
      reinvocationPolicy: "IfNeeded",
    })),
  };
}

/** The one for pods as long as it asks for nothing: whoever creates it has the revision. */
export function injectorClaim(facts: Pick<WebhookFacts, "revision" | "owner">): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: metadata(injectorName(facts.revision), "sidecar-injector", facts),
    webhooks: [],
  };
}

/** The one for Istio's kinds, those that this version does not read included. */
export function validatorConfiguration(facts: WebhookFacts): WebhookConfiguration {
  const { namespace, revision } = facts;
  const { names, isDefault } = namesOf(facts);
  const scopes: [prefix: string, objects: LabelExpression][] = [["rev.", is(revisionLabel, ...names)]];
  if (isDefault) scopes.push(["", lacks(revisionLabel)]);
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: metadata(validatorName(revision, namespace), "istiod", facts),
    webhooks: scopes.flatMap(([prefix, objects]): WebhookEntry[] => {
      const objectSelector = { matchExpressions: [objects] };
      return [
        {
          ...entry(facts, `${prefix}validation.istio.io`, "/validate"),
          rules: rulesFor("CREATE", "UPDATE"),
          objectSelector,
        },
        {
          ...entry(facts, `${prefix}delete.validation.istio.io`, "/validate"),
          rules: rulesFor("DELETE"),
          objectSelector,
          matchConditions: [{ name: "asked-by-a-person-or-tool", expression: notAskedBySystem }],
          failurePolicy: "Ignore",
          timeoutSeconds: deleteTimeoutSeconds,
        },
      ];
    }),
  };
}

/** The name of the mutating configuration of a revision. */
export function injectorName(revision: string): string {
  return revision === "default" ? "istio-sidecar-injector" : `istio-sidecar-injector-${revision}`;
}

/** The name of the validating configuration of a revision. */
export function validatorName(revision: string, namespace: string): string {
  return revision === "default" ? `istio-validator-${namespace}` : `istio-validator-${revision}-${namespace}`;
}

function metadata(
  name: string,
  app: string,
  { revision, owner, tags = [] }: Pick<WebhookFacts, "revision" | "owner"> & Partial<Pick<WebhookFacts, "tags">>,
): WebhookConfiguration["metadata"] {
  return {
    name,
    labels: { app, [revisionLabel]: revision, [managedBy.label]: managedBy.value },
    ...(tags.length === 0 ? {} : { annotations: { [tagsAnnotation]: tags.join() } }),
    ...(owner === undefined ? {} : { ownerReferences: [owner] }),
  };
}

function entry(
  { target, namespace, rootsPem }: WebhookFacts,
  name: string,
  path: string,
): Omit<WebhookEntry, "rules" | "objectSelector"> {
  const caBundle = Buffer.from(rootsPem).toString("base64");
  const at =
    target.type === "url"
      ? { url: `${target.url}${path}` }
      : { service: { name: target.name, namespace, path, port: 443 } };
  return {
    name,
    clientConfig: { caBundle, ...at },
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    sideEffects: "None",
    timeoutSeconds,
    admissionReviewVersions: ["v1"],
  };
}

/** What labels cannot say. */
function podConditions(namespace: string): NonNullable<WebhookEntry["matchConditions"]> {
  const template = `object.metadata.annotations["${templatesAnnotation}"]`;
  const isGateway = `has(object.metadata.annotations) && "${templatesAnnotation}" in object.metadata.annotations && ${template}.trim() == "gateway"`;
  return [
    // Such a pod is never injected, and what keeps a node alive is mostly of this sort.
    { name: "has-a-network-of-its-own", expression: "!has(object.spec.hostNetwork) || !object.spec.hostNetwork" },
    // Our own pods must be able to start while nobody answers.
    { name: "not-the-control-plane", expression: `request.namespace != "${namespace}" || (${isGateway})` },
  ];
}

/** Namespaces and owners that are deleted take their objects with them: nobody reads a warning then. */
const notAskedBySystem = ["system:serviceaccount:kube-system:", "system:kube-", "system:apiserver"]
  .map((user) => `!request.userInfo.username.startsWith("${user}")`)
  .join(" && ");

function rulesFor(...operations: readonly string[]): WebhookEntry["rules"] {
  const read = kinds.map((kind) => descriptions[kind]);
  return istioGroups.map((group) => ({
    apiGroups: [group],
    apiVersions: ["*"],
    resources: read.filter((kind) => kind.group === group).map(({ plural }) => plural),
    operations,
    scope: "Namespaced",
  }));
}
