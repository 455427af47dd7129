import { apiCodes } from "../../api/codes.ts";
import { meshKinds } from "../../api/kinds.ts";
import { allowAnnotation, waivedCodes } from "../../api/waivers.ts";
import { jsonPath } from "../../base/json-path.ts";
import { type AnyRule, type Complaint, guardsEnvoy, rule } from "../rule.ts";

/** A waiver that waives nothing gives whoever wrote it a false rest. `rules` are all that there are. */
export function waivers(rules: () => readonly AnyRule[]): AnyRule {
  return rule({
    code: "PIL1110",
    kinds: meshKinds,
    enforcement: "warn",
    summary: "only findings that can be waived are waived",
    *check({ metadata }): Iterable<Complaint> {
      for (const code of waivedCodes(metadata.annotations)) {
        const why = code === waivableInForm ? undefined : whyFixed(code, rules());
        if (why === undefined) continue;
        yield {
          path: jsonPath("metadata", "annotations", allowAnnotation),
          problem: `"${code.slice(0, 40)}" is waived, and ${why.what}`,
          reason: why.reason,
          fix: `Take it out of the annotation${why.what === unknownCode ? ", or write the code that the finding begins with" : " and mend what it is about"}`,
        };
      }
    },
  });
}

/** Fields that nobody knows can be dropped; what else is wrong with the form leaves nothing to judge. */
const waivableInForm = "PIL1001";

/** What {@link whyFixed} says of a code that there is not. */
export const unknownCode = "no rule has this code";

/** Why neither a waiver nor the mesh configuration changes what becomes of a code; undefined: they do. */
export function whyFixed(
  code: string,
  rules: readonly AnyRule[],
): { readonly what: string; readonly reason: string } | undefined {
  const named = rules.filter((one) => one.code === code);
  if (named.length > 0) {
    if (!named.some(guardsEnvoy)) return undefined;
    return {
      what: "it is about what Envoy would refuse",
      reason: "One such object would stop every later update of the routes of its port, so it is denied all the same",
    };
  }
  if (apiCodes.some((one) => one.code === code)) {
    return { what: "it is about the form of the object", reason: "What cannot be read is denied all the same" };
  }
  return { what: unknownCode, reason: "It has no effect" };
}
