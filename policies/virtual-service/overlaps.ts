// Rules of several VirtualServices on one gateway: which requests two of them are for, and who would win.
import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { type WitnessRequest, witnessText } from "../../base/finding.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { oldestFirst } from "../../model/age.ts";
import { fromEnd, matchesHost } from "../../model/host-patterns.ts";
import { groupBy } from "../../model/keep.ts";
import { type Overlap, overlapOf } from "../../model/matching/requests.ts";
import { indexByPrefix } from "../../model/prefix-index.ts";
import type { ResolvedVirtualService } from "../../model/snapshot.ts";
import { isDelegate, resolveCandidate } from "../../model/virtual-services.ts";
import { applyChanges } from "../../model/world.ts";
import { type Around, type Complaint, rule } from "../rule.ts";
import { type Comparisons, comparisons, firstCover, firstInCommon, unlooked } from "./comparisons.ts";
import { hostsOn, matchesOn, namedGateways, neighboursOf, type PlacedMatch, pathOf, stored } from "./meetings.ts";
import { requestFor } from "./witnesses.ts";

/** A rule that an older VirtualService leaves nothing to never acts. */
export const takenRules = rule({
  code: "PIL3101",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a rule for a gateway's host is not covered by rules of an older VirtualService",
  *check(object, around): Iterable<Complaint> {
    for (const { other, host, rules, coverOf } of encounters(object, around, comparisons())) {
      if (host === "*" || !other.isOlder) continue;
      for (const matches of rules) {
        const cover = coverOf(matches);
        if (cover === undefined) continue;
        yield {
          path: matches[0]?.path ?? jsonPath("spec"),
          problem: `already taken by ${refText(cover.taker.origin)} (${pathOf(cover.taker)}) for host "${host}"`,
          reason: `${asked(overlapOf(cover.taker.match, cover.match.match, host))} matches both; the older object, ${cover.taker.origin.name}, would always win`,
          fix: "Move the match into one object, or narrow one of them",
          others: [cover.taker.origin],
          ...witness(overlapOf(cover.taker.match, cover.match.match, host)),
        };
      }
    }
  },
});

/** Some requests are for rules of two objects: the older object's answer. */
export const sharedRequests = rule({
  code: "PIL3102",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "rules of several VirtualServices for a gateway's host have no requests in common",
  *check(object, around): Iterable<Complaint> {
    const [forCovers, budget] = [comparisons(), comparisons()];
    for (const { other, host, rules, theirs, coverOf } of encounters(object, around, forCovers)) {
      for (const matches of rules) {
        if (host !== "*" && other.isOlder && coverOf(matches) !== undefined) continue;
        const found = firstShared(matches, theirs, host, budget);
        if (found === undefined) continue;
        const { match, their, overlap } = found;
        const name = other.isOlder ? other.object.metadata.name : object.metadata.name;
        yield {
          path: pathOf(match),
          problem: `${overlap.type === "unknown" ? "may overlap" : "overlaps"} with ${refText(their.origin)} (${pathOf(their)}) for host "${host}"`,
          reason: `${asked(overlap)} matches both, and the older object, ${name}, wins`,
          fix: "Move the rules into one object, or narrow one of them",
          others: [their.origin],
          ...witness(overlap),
        };
      }
    }
    yield* unlooked(forCovers, budget);
  },
});

/** A host of its own hides the rules of the wildcard around it. */
export const hiddenHosts = rule({
  code: "PIL3103",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "hosts of a gateway are not hidden by more specific ones of other VirtualServices",
  *check(object, around): Iterable<Complaint> {
    const candidate = resolveCandidate(object, around.world, around.snapshot);
    if (candidate === undefined || !isOnGateway(candidate)) return;
    for (const gateway of namedGateways(candidate)) {
      for (const host of hostsOn(around.snapshot, candidate, gateway).filter((name) => name.startsWith("*"))) {
        const narrow = narrowHost(around, candidate, gateway, host);
        if (narrow === undefined) continue;
        const index = candidate.spec.hosts?.findIndex((own) => matchesHost(own, host)) ?? 0;
        yield {
          path: jsonPath("spec", "hosts", Math.max(index, 0)),
          problem: `host "${host}" covers "${narrow.host}", which ${refText(refOf(narrow.owner))} has rules for`,
          reason: `Requests for ${narrow.host} follow those rules only, and none of these`,
          fix: `Add what is meant for ${narrow.host} there`,
          others: [refOf(narrow.owner)],
          ...requestFor(
            matchesOn(candidate, gateway),
            matchesOn(narrow.owner, gateway),
            narrow.host.replace(/^\*/, "any"),
          ),
        };
      }
    }
  },
});

/** A host below a wildcard that others have rules for, and the candidate has not. */
function narrowHost({ snapshot }: Around, candidate: ResolvedVirtualService, gateway: string, wildcard: string) {
  const owners = stored(snapshot, gateway);
  const own = namesOf(candidate);
  for (const host of byEnd(owners).below(fromEnd(wildcard))) {
    if (!matchesHost(wildcard, host) || own.has(host)) continue;
    const owner = owners.get(host)?.find((other) => !sameRef(refOf(other), refOf(candidate)));
    if (owner !== undefined) return { host, owner };
  }
  return undefined;
}

const namesOf = memoize(({ spec }: ResolvedVirtualService): ReadonlySet<string> => new Set(spec.hosts));

const byEnd = memoize((owners: ReadonlyMap<string, unknown>) => indexByPrefix([...owners.keys()], fromEnd));

interface Encounter {
  readonly other: { readonly object: ResolvedVirtualService; readonly isOlder: boolean };
  readonly host: string;
  /** The candidate's matches, rule by rule. */
  readonly rules: readonly (readonly PlacedMatch[])[];
  readonly theirs: readonly PlacedMatch[];
  /** What leaves nothing to a rule; undefined when some request is left to it. The same for every host. */
  readonly coverOf: (matches: readonly PlacedMatch[]) => Cover | undefined;
}

/** A match and what leaves nothing to it. */
interface Cover {
  readonly match: PlacedMatch;
  readonly taker: PlacedMatch;
}

/** Every host on every gateway that the candidate shares with another VirtualService. */
function* encounters(object: ObjectOf<"VirtualService">, around: Around, budget: Comparisons): Iterable<Encounter> {
  for (const candidate of placesOf(object, around)) {
    if (!isOnGateway(candidate)) continue;
    for (const { other, meetings } of neighboursOf(around.snapshot, candidate)) {
      const isOlder = oldestFirst(other, candidate) < 0;
      for (const [gateway, hosts] of groupBy(meetings, (meeting) => meeting.gateway)) {
        const matches = matchesOn(candidate, gateway);
        const own = isDelegate(object) ? matches.filter(({ origin }) => sameRef(origin, refOf(object))) : matches;
        const rules = [...groupBy(own, ({ path }) => path).values()];
        const theirs = matchesOn(other, gateway);
        const coverOf = memoize((rule: readonly PlacedMatch[]) => coverOfAll(rule, theirs, budget));
        for (const { host } of hosts) {
          // Thousands of hosts with thousands of rules each are a hundred million things to say.
          if (budget.left <= 0) return;
          budget.left -= rules.length;
          yield { other: { object: other, isOlder }, host, rules, theirs, coverOf };
        }
      }
    }
  }
}

/** The object with its delegates merged in; for a delegate, all that delegate to it, with its rules as they are to be. */
function placesOf(object: ObjectOf<"VirtualService">, { world, snapshot }: Around): readonly ResolvedVirtualService[] {
  const { namespace, name } = object.metadata;
  const isRoot = !isDelegate(object);
  const roots = isRoot ? [object] : [...world.objects.VirtualService.values()].filter((root) => delegatesTo(root));
  const changed = isRoot || roots.length === 0 ? world : applyChanges(world, [{ type: "put", object }]);
  return roots.flatMap((root) => resolveCandidate(root, changed, snapshot) ?? []);

  function delegatesTo({ metadata, spec }: ObjectOf<"VirtualService">): boolean {
    return (spec.http ?? []).some(
      ({ delegate }) => delegate?.name === name && (delegate.namespace ?? metadata.namespace) === namespace,
    );
  }
}

function isOnGateway(owner: ResolvedVirtualService): boolean {
  return (owner.spec.http?.length ?? 0) > 0 && namedGateways(owner).length > 0;
}

function coverOfAll(
  matches: readonly PlacedMatch[],
  theirs: readonly PlacedMatch[],
  budget: Comparisons,
): Cover | undefined {
  let first: Cover | undefined;
  for (const match of matches) {
    const taker = firstCover(theirs, match, budget, (their) => goesFirst(their, match));
    if (taker === undefined) return undefined;
    first ??= { match, taker };
  }
  return first;
}

function firstShared(
  matches: readonly PlacedMatch[],
  theirs: readonly PlacedMatch[],
  host: string,
  budget: Comparisons,
) {
  for (const match of matches) {
    // What matches everything is the rest, whoever wrote it.
    const isShared = (their: PlacedMatch) =>
      their.isLast === match.isLast && overlapOf(their.match, match.match, host).type !== "none";
    const their = firstInCommon(theirs, match, budget, isShared);
    if (their !== undefined) return { match, their, overlap: overlapOf(their.match, match.match, host) };
  }
  return undefined;
}

/** Gateways look at rules that match everything last, whoever is older. */
function goesFirst(older: PlacedMatch, younger: PlacedMatch): boolean {
  return !older.isLast || younger.isLast;
}

function witness(overlap: Overlap): { readonly witness?: WitnessRequest } {
  return overlap.type === "request" ? { witness: overlap.request } : {};
}

function asked(overlap: Overlap): string {
  return overlap.type === "request" ? witnessText(overlap.request) : "A request that cannot be named here";
}
