// The request that shows a conflict: one that rules of both objects are for, else one that the candidate's are for.
import type { WitnessRequest } from "../../base/finding.ts";
import { everyRequest, overlapOf } from "../../model/matching/requests.ts";
import type { PlacedMatch } from "./meetings.ts";

/** Pairs that are looked at before the candidate's own rules alone give the example: there may be thousands of hosts. */
export const mostPairs = 200;

/** A request to a host for rules of both, as far as one is found; undefined when none can be named. */
export function requestFor(
  own: readonly PlacedMatch[],
  theirs: readonly PlacedMatch[],
  host: string,
): { readonly witness?: WitnessRequest } {
  const matches = own.slice(0, mostPairs);
  for (const their of [
    ...theirs.slice(0, mostPairs / Math.max(matches.length, 1)).map(({ match }) => match),
    everyRequest,
  ]) {
    for (const { match } of matches) {
      const overlap = overlapOf(their, match, host);
      if (overlap.type === "request") return { witness: overlap.request };
    }
  }
  return {};
}
