import { meshKinds } from "../../api/kinds.ts";
import { jsonPath } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";

/** Annotations of Istio's internals, which its control plane sets on objects that it makes itself. */
const reserved = [
  "internal.istio.io/webhook-always-reject",
  "internal.istio.io/parents",
  "internal.istio.io/route-semantics",
];

/** Annotations under internal.istio.io are not for users. */
export const reservedAnnotations = rule({
  code: "PIL1103",
  kinds: meshKinds,
  enforcement: "deny",
  summary: "internal annotations are left to the control plane",
  *check({ metadata }): Iterable<Complaint> {
    for (const name of reserved) {
      if (metadata.annotations[name] === undefined) continue;
      yield {
        path: jsonPath("metadata", "annotations", name),
        problem: `the annotation "${name}" is set`,
        reason: "It marks objects that a control plane makes for itself",
        fix: "Take the annotation away",
      };
    }
  },
});
