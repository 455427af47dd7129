import type { DestinationRule } from "../../api/destination-rule.ts";
import { refOf } from "../../api/object.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { sameRef } from "../../base/object-ref.ts";
import { completeHost } from "../../model/hosts.ts";
import { isEqual } from "../../model/keep.ts";
import { policyDifferences } from "../../model/merge-policies.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Several DestinationRules for one host are merged; what they both say, they say alike. */
export const contradictions = rule({
  code: "PIL3005",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "DestinationRules for one host do not contradict one another",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { metadata, spec } = object;
    const host = completeHost(spec.host, metadata.namespace, snapshot.mesh.clusterDomain, (name) =>
      snapshot.services.has(name),
    );
    const rivals = snapshot.destinationRules.filter(
      (stored) =>
        stored.spec.host === host &&
        stored.metadata.namespace === metadata.namespace &&
        isEqual(stored.spec.workloadSelector, spec.workloadSelector) &&
        !sameRef(refOf(stored), refOf(object)),
    );
    for (const rival of rivals) {
      const { namespace, name } = rival.metadata;
      for (const path of differences(object, rival)) {
        yield {
          path,
          problem: `DestinationRule ${namespace}/${name} says something else here for host "${spec.host}"`,
          reason: "The rules for a host are merged, and only the older one's word counts",
          fix: `Write it into ${namespace}/${name}`,
          others: [refOf(rival)],
        };
      }
    }
  },
});

/** Places where both say something, and not the same. */
function differences({ spec }: DestinationRule, { spec: other }: DestinationRule): readonly JsonPath[] {
  const general = jsonPath("spec", "trafficPolicy");
  const theirs = new Map((other.subsets ?? []).map((subset) => [subset.name, subset] as const).toReversed());
  const subsets = items(spec.subsets, jsonPath("spec", "subsets")).flatMap(({ value, path }) => {
    const same = theirs.get(value.name);
    if (same === undefined) return [];
    const labels = isEqual(value.labels ?? {}, same.labels ?? {}) ? [] : [child(path, "labels")];
    return [
      ...labels,
      ...policyDifferences(value.trafficPolicy ?? {}, same.trafficPolicy ?? {}, child(path, "trafficPolicy")),
    ];
  });
  return [...policyDifferences(spec.trafficPolicy ?? {}, other.trafficPolicy ?? {}, general), ...subsets];
}
