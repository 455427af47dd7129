// Where TLS and TCP rules of a VirtualService meet those of others: on every gateway that it names.
import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { memoize } from "../../base/memo.ts";
import { sameRef } from "../../base/object-ref.ts";
import { oldestFirst } from "../../model/age.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { groupBy } from "../../model/keep.ts";
import type { ResolvedVirtualService, Snapshot } from "../../model/snapshot.ts";
import { resolveCandidate } from "../../model/virtual-services.ts";
import type { Around } from "../rule.ts";
import { type Claim, claimsOn } from "./connection-claims.ts";
import { boundTo, namedGateways } from "./meetings.ts";

/** A claim of another VirtualService. */
export interface Rival {
  readonly owner: ResolvedVirtualService;
  readonly claim: Claim;
  readonly isOlder: boolean;
}

/** What a candidate and others claim on one gateway. */
export interface Encounter {
  readonly candidate: ResolvedVirtualService;
  readonly gateway: string;
  readonly claims: readonly Claim[];
  /** What another claims there. */
  readonly claimsOf: (owner: ResolvedVirtualService) => readonly Claim[];
  /** What others claim for exactly this name, oldest first. */
  readonly rivalsNaming: (name: string) => readonly Rival[];
  /** What others claim for names that have something in common with this one. */
  readonly rivalsAround: (name: string) => readonly Rival[];
}

/** Every gateway on which a VirtualService claims connections that others claim, too. */
export function* encountersOf(object: ObjectOf<"VirtualService">, { world, snapshot }: Around): Iterable<Encounter> {
  if ((object.spec.tls?.length ?? 0) + (object.spec.tcp?.length ?? 0) === 0) return;
  const candidate = resolveCandidate(object, world, snapshot);
  if (candidate === undefined) return;
  const rivals = ({ owner, claim }: Stored): readonly Rival[] => {
    if (sameRef(refOf(owner), refOf(candidate)) || !isSeenTogether(owner, candidate)) return [];
    return [{ owner, claim, isOlder: oldestFirst(owner, candidate) < 0 }];
  };
  for (const gateway of new Set(namedGateways(candidate))) {
    const claims = claimsOn(candidate, snapshot.gateways, gateway);
    const stored = storedByName(snapshot.virtualServices, snapshot.gateways, gateway);
    if (claims.length === 0 || stored.size === 0) continue;
    const rivalsNaming = (name: string) => (stored.get(name) ?? []).flatMap(rivals);
    const rivalsAround = (name: string) => namesAround(name, stored).flatMap(rivalsNaming);
    const claimsOf = (owner: ResolvedVirtualService) => claimsOn(owner, snapshot.gateways, gateway);
    yield { candidate, gateway, claims, claimsOf, rivalsNaming, rivalsAround };
  }
}

interface Stored {
  readonly owner: ResolvedVirtualService;
  readonly claim: Claim;
}

const storedByName = memoize(
  (
    owners: Snapshot["virtualServices"],
    gateways: Snapshot["gateways"],
    gateway: string,
  ): ReadonlyMap<string, readonly Stored[]> => {
    const bound = boundTo(owners, gateway).filter(({ spec }) => (spec.tls?.length ?? 0) + (spec.tcp?.length ?? 0) > 0);
    const all = bound.flatMap((owner) => claimsOn(owner, gateways, gateway).map((claim) => ({ owner, claim })));
    return groupBy(all, ({ claim }) => claim.name);
  },
);

/** The name itself, and those that are for some of the same server names: wildcards stand for whole labels. */
function namesAround(name: string, stored: ReadonlyMap<string, unknown>): readonly string[] {
  if (name.startsWith("*")) return [...stored.keys()].filter((other) => hostsInCommon(name, other) !== undefined);
  const dots = [...name.matchAll(/\./g)].map(({ index }) => `*${name.slice(index)}`);
  return [name, ...dots, "*"].filter((other) => stored.has(other));
}

/** Whether there can be a gateway that sees both. */
function isSeenTogether(a: ResolvedVirtualService, b: ResolvedVirtualService): boolean {
  const [left, right] = [a.spec.exportTo ?? ["*"], b.spec.exportTo ?? ["*"]];
  return left.includes("*") || right.includes("*") || left.some((namespace) => right.includes(namespace));
}
