import type { ObjectOf } from "../../api/kinds.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { destinationsOf, items, type Place } from "../virtual-service/walk.ts";

/** A subset has a name of its own. */
export const duplicateSubsets = rule({
  code: "PIL1301",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "subsets have different names",
  *check({ spec }): Iterable<Complaint> {
    const first = new Map<string, number>();
    for (const [index, { name }] of (spec.subsets ?? []).entries()) {
      const before = first.get(name);
      if (before === undefined) first.set(name, index);
      else {
        yield {
          path: jsonPath("spec", "subsets", index, "name"),
          problem: `the name "${name}" is also that of subsets[${before}]`,
          reason: "Routes name subsets; only the first would be found",
          fix: "Rename one of them, or join them",
        };
      }
    }
  },
});

/** Names of subsets become a part of cluster names; also where a route names one that is not there. */
export const subsetNames = rule({
  code: "PIL1302",
  guardsEnvoy: true,
  kinds: ["DestinationRule", "VirtualService"],
  enforcement: "deny",
  summary: "subsets are named with letters, digits and hyphens",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of namedSubsets(object)) {
      if (/^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/.test(value) && value.length <= 63) continue;
      yield {
        path,
        problem: `the name of the subset is "${value.slice(0, 80)}"`,
        reason: "It becomes a part of the name of a cluster",
        fix: "Write at most 63 letters, digits and hyphens, such as v1",
      };
    }
  },
});

function namedSubsets(object: ObjectOf<"DestinationRule" | "VirtualService">): readonly Place<string>[] {
  if (object.kind === "DestinationRule") {
    const subsets = items(object.spec.subsets, jsonPath("spec", "subsets"));
    return subsets.map(({ value, path }) => ({ value: value.name, path: child(path, "name") }));
  }
  return destinationsOf(object).flatMap(({ value: { subset }, path }) =>
    filled(subset) ? [{ value: subset, path: child(path, "subset") }] : [],
  );
}

/** A rule for selected callers is for its own namespace. */
export const selectorScope = rule({
  code: "PIL1303",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "a rule with workloadSelector is exported to its own namespace only",
  *check({ metadata, spec }): Iterable<Complaint> {
    const exported = spec.exportTo ?? [];
    if (spec.workloadSelector === undefined || exported.length === 0) return;
    if (exported.length === 1 && (exported[0] === "." || exported[0] === metadata.namespace)) return;
    yield {
      path: jsonPath("spec", "exportTo"),
      problem: `the rule selects callers, and is exported to ${exported.join(", ")}`,
      reason: "Callers are selected in the rule's own namespace",
      fix: 'Write exportTo: ["."], or take workloadSelector away',
    };
  },
});
