import { refOf } from "../../api/object.ts";
import { jsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { matchesHost } from "../../model/host-patterns.ts";
import { completeHost, isVisible, visibleService } from "../../model/hosts.ts";
import { type Complaint, rule } from "../rule.ts";

/** Callers follow the rules of one namespace: their own goes before the service's, as a whole. */
export const shadows = rule({
  code: "PIL3018",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "a DestinationRule of callers does not hide those of the service's namespace",
  *check({ metadata, spec }, { snapshot }): Iterable<Complaint> {
    const { namespace } = metadata;
    const { clusterDomain, rootNamespace } = snapshot.mesh;
    if (namespace === rootNamespace) return;
    const host = completeHost(spec.host, namespace, clusterDomain, (name) => snapshot.services.has(name));
    const owner = visibleService(snapshot, host, namespace);
    if (owner === undefined || owner.namespace === namespace) return;
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
