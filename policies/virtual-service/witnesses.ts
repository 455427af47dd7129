// The request that shows a conflict: one that rules of both objects are for, else one that the candidate's are for.
import type { WitnessRequest } from "../../base/finding.ts";
import { everyRequest, overlapOf } from "../../model/matching/requests.ts";
import type { PlacedMatch } from "./meetings.ts";

/** A request to a host for rules of both, as far as there is one; undefined when none can be named. */
export function requestFor(
  own: readonly PlacedMatch[],
  theirs: readonly PlacedMatch[],
  host: string,
): { readonly witness?: WitnessRequest } {
  for (const their of [...theirs.map(({ match }) => match), everyRequest]) {
    for (const { match } of own) {
      const overlap = overlapOf(their, match, host);
      if (overlap.type === "request") return { witness: overlap.request };
    }
  }
  return {};
}
