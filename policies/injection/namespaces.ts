// What the labels of a namespace say about the proxies of its pods.
import { jsonPath } from "../../base/json-path.ts";
import { ignoredNamespaces, namespaceLabel, revisionLabel } from "../../model/injection-labels.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { injectsByDefault } from "./installation.ts";
import { namespaceOf } from "./pod-specs.ts";

/** Label by which Istio's ambient mode takes pods without a proxy of their own. */
const modeLabel = "istio.io/dataplane-mode";

const labels = jsonPath("metadata", "labels");

/** One label says who injects. */
export const oneInjectionLabel = rule({
  code: "PIL5101",
  alias: "IST0123",
  kinds: ["Namespace"],
  enforcement: "warn",
  summary: "one label of a namespace says how its pods join the mesh",
  *check({ metadata }): Iterable<Complaint> {
    if (ignoredNamespaces.includes(metadata.name)) return;
    // What is switched off contradicts nothing.
    const injection = metadata.labels[namespaceLabel];
    if (injection !== undefined && injection !== "enabled") return;
    const written = [
      ...(injection === undefined ? [] : [`${namespaceLabel}: ${injection}`]),
      ...[revisionLabel, modeLabel].flatMap((name) => {
        const value = metadata.labels[name];
        return value === undefined || value === "none" ? [] : [`${name}: ${value}`];
      }),
    ];
    if (written.length < 2) return;
    yield complaint(
      labels,
      `the labels ${written.join(" and ")} are set`,
      `${written[0] ?? ""} counts, and whoever reads the other is misled`,
      "Keep one of them",
    );
  },
});

/** A namespace whose pods get no proxy, and where nobody said that this is meant. */
export const notInjected = rule({
  code: "PIL5102",
  alias: "IST0102",
  kinds: ["Namespace"],
  enforcement: "status",
  summary: "a namespace says whether its pods get a proxy",
  *check({ metadata }, { world, snapshot }): Iterable<Complaint> {
    const { name } = metadata;
    if (ignoredNamespaces.includes(name) || name === snapshot.mesh.rootNamespace) return;
    if ([namespaceLabel, revisionLabel, modeLabel].some((label) => metadata.labels[label] !== undefined)) return;
    if (injectsByDefault(world)) {
      const reason = "The installation injects every namespace that does not refuse, so that they get one";
      const fix = `Nothing, or say so: kubectl label namespace ${name} ${namespaceLabel}=enabled`;
      yield { ...complaint(labels, "no label says whether pods get a proxy", reason, fix), alias: "IST0148" };
      return;
    }
    yield complaint(
      labels,
      "no label says whether pods get a proxy",
      "They get none, unless they ask for one themselves",
      `kubectl label namespace ${name} ${namespaceLabel}=enabled, or =disabled to say that this is meant`,
    );
  },
});

/** Proxies on nodes are not for this version. */
export const ambient = rule({
  code: "PIL9103",
  kinds: ["Namespace", "Pod", "Sidecar"],
  enforcement: "warn",
  summary: "pods join the mesh with a proxy of their own",
  *check({ kind, metadata }, { world }): Iterable<Complaint> {
    if (kind === "Sidecar") {
      const namespace = namespaceOf(world, metadata.namespace)?.labels ?? {};
      if (namespace[modeLabel] !== "ambient" || asksForProxies(namespace)) return;
      const problem = `namespace ${metadata.namespace} is labelled ${modeLabel}: ambient`;
      const reason = "Its pods have no proxies that a Sidecar could configure";
      const fix = `Take the Sidecar away, or give the namespace ${namespaceLabel}: enabled instead`;
      yield { ...complaint(jsonPath("metadata", "namespace"), problem, reason, fix), alias: "IST0167" };
      return;
    }
    if (metadata.labels[modeLabel] !== "ambient") return;
    yield complaint(
      jsonPath("metadata", "labels", modeLabel),
      `${modeLabel}: ambient has no effect in this version`,
      "No program on the node takes the pods' connections, so they are outside of the mesh",
      `Take the label away, and give the namespace ${namespaceLabel}: enabled`,
    );
  },
});

function asksForProxies(namespace: Readonly<Record<string, string>>): boolean {
  return namespace[namespaceLabel] === "enabled" || namespace[revisionLabel] !== undefined;
}
