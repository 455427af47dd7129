import type { DestinationRule } from "../../api/destination-rule.ts";
import { refOf } from "../../api/object.ts";
import { jsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { matchesHost } from "../../model/host-patterns.ts";
import { completeHost, isVisible, visibleService } from "../../model/hosts.ts";
import type { Hostname } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";

/** Callers follow the rules of one namespace: their own goes before the service's, as a whole. */
export const shadows = rule({
  code: "PIL3018",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "a DestinationRule of callers does not hide those of the service's namespace",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { metadata, spec } = object;
    const { namespace } = metadata;
    const { clusterDomain, rootNamespace } = snapshot.mesh;
    if (namespace === rootNamespace) return;
    const host = completeHost(spec.host, namespace, clusterDomain, (name) => snapshot.services.has(name));
    const owner = visibleService(snapshot, host, namespace);
    if (owner === undefined) return;
    if (owner.namespace === namespace) {
      yield* hiddenFrom(object, host, snapshot);
      return;
    }
    const hidden = snapshot.destinationRules
      .filter(
        (other) =>
          other.metadata.namespace === owner.namespace &&
          matchesHost(other.spec.host, host) &&
          isVisible(other.spec.exportTo ?? [], owner.namespace, namespace),
      )
      .map(refOf);
    if (hidden.length === 0) return;
    yield {
      path: jsonPath("spec", "host"),
      problem: `host "${spec.host}" has rules in ${hidden.map(refText).join(" and ")} already, beside its service`,
      reason: `Callers in "${namespace}" follow this object only: subsets and policies of the other do not act for them`,
      fix: "Repeat here what is to hold for them, or change the other",
      others: hidden,
    };
  },
});

/** The same from the other side: rules that callers have of their own for the host of a service here. */
function* hiddenFrom({ metadata, spec }: DestinationRule, host: Hostname, snapshot: Snapshot): Iterable<Complaint> {
  const { mesh, destinationRules } = snapshot;
  const exportTo = resolveExportTo(spec.exportTo, metadata.namespace, mesh.config.defaultDestinationRuleExportTo);
  const hiding = destinationRules.filter(
    (other) =>
      other.metadata.namespace !== metadata.namespace &&
      other.metadata.namespace !== mesh.rootNamespace &&
      other.spec.workloadSelector === undefined &&
      matchesHost(other.spec.host, host) &&
      isVisible(exportTo, metadata.namespace, other.metadata.namespace) &&
      visibleService(snapshot, host, other.metadata.namespace) !== undefined,
  );
  const [first] = hiding;
  if (first === undefined) return;
  const more = hiding.length === 1 ? "" : ` and those of ${hiding.length - 1} more namespaces`;
  yield {
    path: jsonPath("spec", "host"),
    problem: `callers in "${first.metadata.namespace}"${more} have rules of their own for host "${spec.host}"`,
    reason: `They follow ${refText(refOf(first))} as a whole: subsets and policies of this object do not act for them`,
    fix: "Change those objects, too",
    others: hiding.map(refOf),
  };
}
