import { meshKinds } from "../../api/kinds.ts";
import { jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";

const annotation = "istio.io/dry-run";

/** A trial is for policies that allow or deny, and for nothing else. */
export const dryRun = rule({
  code: "PIL1624",
  kinds: meshKinds,
  enforcement: "deny",
  summary: "the annotation istio.io/dry-run is for AuthorizationPolicies that allow or deny",
  *check(object): Iterable<Complaint> {
    const value = object.metadata.annotations[annotation];
    if (value === undefined) return;
    const path = jsonPath("metadata", "annotations", annotation);
    if (object.kind !== "AuthorizationPolicy") {
      const reason = "Only an AuthorizationPolicy can be tried without effect";
      yield complaint(path, `the annotation stands on a ${object.kind}`, reason, "Take it away");
    } else if (!/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value)) {
      const reason = "Nobody can tell whether the policy is to be tried";
      yield complaint(path, `the value is "${value}"`, reason, 'Write "true" or "false"');
    } else if (object.spec.action === "AUDIT" || object.spec.action === "CUSTOM") {
      const reason = "Only ALLOW and DENY can be tried without effect";
      yield complaint(path, `the action is ${object.spec.action}`, reason, "Take the annotation away");
    }
  },
});
