import type { AuthorizationRule } from "../../api/authorization-policy.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items, type Place } from "../virtual-service/walk.ts";
import { asFields, contradictions, type Fields } from "./rule-cover.ts";

/** What is asked for is not forbidden beside it. */
export const contradictingValues = rule({
  code: "PIL3023",
  kinds: ["AuthorizationPolicy"],
  enforcement: "warn",
  summary: "conditions of a rule do not forbid all that they ask for",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.rules, jsonPath("spec", "rules"))) {
      for (const part of partsOf(value, path)) {
        for (const field of contradictions(part.value)) {
          yield complaint(
            part.path,
            `every value of ${field} is among those that are left out`,
            "No request can be both, so that it never matches",
            "Take one of the two away",
          );
        }
      }
    }
  },
});

function partsOf(rule: AuthorizationRule, path: JsonPath): readonly Place<Fields>[] {
  return [
    ...items(rule.from, child(path, "from")).map((from) => ({
      value: from.value.source ?? {},
      path: child(from.path, "source"),
    })),
    ...items(rule.to, child(path, "to")).map((to) => ({
      value: to.value.operation ?? {},
      path: child(to.path, "operation"),
    })),
    ...items(rule.when, child(path, "when")).map((when) => ({ value: asFields(when.value), path: when.path })),
  ];
}
