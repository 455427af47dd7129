// Which control plane the labels of a pod and its namespace ask for. Injector, webhook configurations and rules read this one table.

/** What is asked of the pod's namespace. */
export interface NamespaceLabels {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** On pods: "true" asks for a proxy, "false" refuses it. */
export const injectLabel = "sidecar.istio.io/inject";
/** On pods and namespaces: the revision, or tag, that injects. */
export const revisionLabel = "istio.io/rev";
/** On namespaces: "enabled" asks the default revision, anything else refuses. */
export const namespaceLabel = "istio-injection";

/** Namespaces of the cluster itself; a proxy there could keep the cluster from starting. */
export const ignoredNamespaces: readonly string[] = [
  "kube-system",
  "kube-public",
  "kube-node-lease",
  "local-path-storage",
];

/**
 * Which revision (or tag) the labels ask for: "default" for istio-injection=enabled; undefined when nobody is to inject.
 * The selectors of the webhook configuration are the same table.
 */
export function selectedRevision(
  podLabels: Readonly<Record<string, string>>,
  namespace: NamespaceLabels,
  enableNamespacesByDefault: boolean,
): string | undefined {
  if (podLabels[injectLabel] === "false") return undefined;
  const injection = namespace.labels[namespaceLabel];
  if (injection !== undefined) return injection === "enabled" ? "default" : undefined;
  const revision = namespace.labels[revisionLabel] ?? podLabels[revisionLabel];
  if (revision !== undefined) return revision;
  const asks = podLabels[injectLabel] === "true" || enableNamespacesByDefault;
  return asks && !ignoredNamespaces.includes(namespace.name) ? "default" : undefined;
}
