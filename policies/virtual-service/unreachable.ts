// Rules of one VirtualService that an earlier rule leaves nothing to.
import { refOf } from "../../api/object.ts";
import { witnessText } from "../../base/finding.ts";
import { sameRef } from "../../base/object-ref.ts";
import { overlapOf } from "../../model/matching/requests.ts";
import type { ResolvedVirtualService } from "../../model/snapshot.ts";
import { resolveCandidate } from "../../model/virtual-services.ts";
import { type Complaint, rule } from "../rule.ts";
import { type Comparisons, comparisons, firstCover, unlooked } from "./comparisons.ts";
import { matchesOn, type PlacedMatch, pathOf } from "./meetings.ts";

/** A match behind a wider one never acts. */
export const unreachable = rule({
  code: "PIL3104",
  alias: "IST0130",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "no rule is covered by an earlier one of the same VirtualService",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    const owner = resolveCandidate(object, world, snapshot);
    if (owner === undefined || (owner.spec.http?.length ?? 0) === 0) return;
    const host = owner.spec.hosts?.[0] ?? "*";
    const budget = comparisons();
    for (const { match, cover, isWhole } of deadOf(owner, budget)) {
      if (!sameRef(match.origin, refOf(object))) continue;
      const overlap = overlapOf(cover.match, match.match, host);
      const example =
        overlap.type === "request"
          ? `${witnessText(overlap.request)}, and every other request that it is for,`
          : "Every request that it is for";
      yield {
        ...(isWhole ? {} : { alias: "IST0131" }),
        path: isWhole ? match.path : pathOf(match),
        problem: isWhole ? "the rule is never reached" : "the match is never reached",
        reason: `${example} is taken by ${pathOf(cover)} before`,
        fix: `Move it before ${cover.path}, or take it away`,
        ...(overlap.type === "request" ? { witness: overlap.request } : {}),
      };
    }
    yield* unlooked(budget);
  },
});

interface Dead {
  readonly match: PlacedMatch;
  readonly cover: PlacedMatch;
  /** All matches of the rule are dead; told once. */
  readonly isWhole: boolean;
}

/** Matches that are dead on every gateway that they are for. */
function deadOf(owner: ResolvedVirtualService, budget: Comparisons): readonly Dead[] {
  const gateways = owner.spec.gateways ?? ["mesh"];
  const covered = new Map<string, { readonly match: PlacedMatch; readonly cover: PlacedMatch | undefined }>();
  for (const gateway of gateways) {
    const order = inOrder(matchesOn(owner, gateway), gateway);
    for (const match of order) {
      const key = pathOf(match);
      const cover = firstCover(order, match, budget);
      if (cover === undefined || !covered.has(key)) covered.set(key, { match, cover });
    }
  }
  const all = [...covered.values()];
  const dead = all.flatMap(({ match, cover }) => (cover === undefined ? [] : [{ match, cover }]));
  const alive = new Set(all.flatMap(({ match, cover }) => (cover === undefined ? [match.path] : [])));
  const told = new Set<string>();
  return dead.flatMap(({ match, cover }): readonly Dead[] => {
    if (alive.has(match.path)) return [{ match, cover, isWhole: false }];
    if (told.has(match.path)) return [];
    told.add(match.path);
    return [{ match, cover, isWhole: true }];
  });
}

/** Gateways move what matches everything behind the rest; sidecars keep the order. */
function inOrder(matches: readonly PlacedMatch[], gateway: string): readonly PlacedMatch[] {
  if (gateway === "mesh") return matches;
  return [...matches.filter(({ isLast }) => !isLast), ...matches.filter(({ isLast }) => isLast)];
}
