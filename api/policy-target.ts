// What a policy is attached to instead of selected pods: a Gateway of the Gateway API, a Service, and the like.
import { list, object, required, type Static, string } from "./schema.ts";

/** One thing that a policy is for, by kind and name. */
export const policyTarget = (description: string) =>
  object(description, {
    group: string("API group of the kind; empty for core", { maxLength: 253 }),
    kind: required(string("Kind", { minLength: 1, maxLength: 63 })),
    name: required(string("Name", { minLength: 1, maxLength: 253 })),
    namespace: string("Has to be left out: a policy is for its own namespace"),
  });

/** `targetRef` and `targetRefs`, the deprecated and the present form. */
export const policyTargets = {
  targetRef: policyTarget("Deprecated: use targetRefs"),
  targetRefs: list("What it is for, instead of a selector", policyTarget("One of them"), { maxItems: 16 }),
};

export type PolicyTarget = Static<ReturnType<typeof policyTarget>>;
