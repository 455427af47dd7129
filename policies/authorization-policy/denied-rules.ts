// DENY goes before ALLOW: an allowed request that is denied, too, is denied.
import type { AuthorizationPolicy } from "../../api/authorization-policy.ts";
import { refOf } from "../../api/object.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { hasLabels } from "../../model/selection.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";
import { coversRule } from "./rule-cover.ts";
import { valuesOf } from "./values.ts";

/** What is allowed is not denied as a whole. */
export const deniedRules = rule({
  code: "PIL3022",
  kinds: ["AuthorizationPolicy"],
  enforcement: "warn",
  summary: "a rule that allows leaves something over what DENY policies for the same workloads refuse",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    const isDenying = object.spec.action === "DENY";
    if (!counts(object) || !(isDenying || isAllowing(object))) return;
    for (const other of world.objects.AuthorizationPolicy.values()) {
      if (sameRef(refOf(other), refOf(object)) || !counts(other)) continue;
      const [deny, allow] = isDenying ? [object, other] : [other, object];
      if (deny.spec.action !== "DENY" || !isAllowing(allow)) continue;
      if (!guardsAll(deny, allow, snapshot.mesh.rootNamespace)) continue;
      if (sizeOf(deny) * sizeOf(allow) > mostComparisons) continue;
      yield* isDenying ? emptied(deny, allow) : refused(allow, deny);
    }
  },
});

/** Pairs of values that are compared for two policies, at most: 60 ms. Larger ones are not compared. */
const mostComparisons = 250_000;

/** How many values a policy has. */
const sizeOf = memoize(({ spec }: AuthorizationPolicy): number =>
  items(spec.rules, jsonPath("spec", "rules")).reduce((size, { value, path }) => {
    const conditions = (value.when ?? []).flatMap(({ values = [], notValues = [] }) => [...values, ...notValues]);
    return size + [...valuesOf(value, path)].length + conditions.length + 1;
  }, 0),
);

/** A trial refuses and allows nothing; what is for targets is not compared. */
function counts({ metadata, spec }: AuthorizationPolicy): boolean {
  const isTried = /^(1|t|true)$/i.test(metadata.annotations["istio.io/dry-run"] ?? "");
  return !isTried && spec.targetRef === undefined && (spec.targetRefs?.length ?? 0) === 0;
}

function isAllowing({ spec }: AuthorizationPolicy): boolean {
  return (spec.action ?? "ALLOW") === "ALLOW";
}

/** Whether the one is for every workload that the other is for. */
function guardsAll(deny: AuthorizationPolicy, allow: AuthorizationPolicy, rootNamespace: string): boolean {
  const { namespace } = deny.metadata;
  if (namespace !== rootNamespace && namespace !== allow.metadata.namespace) return false;
  return hasLabels(allow.spec.selector?.matchLabels ?? {}, deny.spec.selector?.matchLabels);
}

function* refused(allow: AuthorizationPolicy, deny: AuthorizationPolicy): Iterable<Complaint> {
  for (const { value, path } of items(allow.spec.rules, jsonPath("spec", "rules"))) {
    const index = (deny.spec.rules ?? []).findIndex((denied) => coversRule(denied, value));
    if (index === -1) continue;
    const text = `${refText(refOf(deny))} (${jsonPath("spec", "rules", index)})`;
    const problem = `all that the rule allows is denied by ${text}`;
    yield {
      ...complaint(path, problem, "DENY goes first, so that the rule lets nothing through", fix),
      others: [refOf(deny)],
    };
  }
}

function* emptied(deny: AuthorizationPolicy, allow: AuthorizationPolicy): Iterable<Complaint> {
  for (const { value, path } of items(deny.spec.rules, jsonPath("spec", "rules"))) {
    const index = (allow.spec.rules ?? []).findIndex((allowed) => coversRule(value, allowed));
    if (index === -1) continue;
    const text = `${refText(refOf(allow))} (${jsonPath("spec", "rules", index)})`;
    const problem = `the rule denies all that ${text} allows`;
    yield {
      ...complaint(path, problem, "DENY goes first, so that nothing is let through by it", fix),
      others: [refOf(allow)],
    };
  }
}

const fix = "Narrow the rule that denies, or take the other away";
