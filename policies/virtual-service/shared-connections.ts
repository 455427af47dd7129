// Connections that rules of two VirtualServices on one gateway are for, and who gets them.
import { refOf } from "../../api/object.ts";
import { connectionText, type WitnessConnection } from "../../base/finding.ts";
import { refText } from "../../base/object-ref.ts";
import { matchesHost } from "../../model/host-patterns.ts";
import { type Complaint, rule } from "../rule.ts";
import { type Claim, isNarrower, sharedConnection } from "./connection-claims.ts";
import { type Encounter, encountersOf, type Rival } from "./connection-encounters.ts";
import { placesOf, takerOf } from "./taken-connections.ts";

/** Somebody else gets a part of the connections of a rule, or loses it. */
export const sharedConnections = rule({
  code: "PIL3106",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "TLS and TCP rules of several VirtualServices on a gateway have no connections in common",
  *check(object, around): Iterable<Complaint> {
    for (const encounter of encountersOf(object, around)) {
      const told = new Set<string>();
      for (const claims of placesOf(encounter)) {
        if (takerOf(claims, encounter) !== undefined) continue;
        for (const claim of claims) {
          for (const rival of encounter.rivalsAround(claim.name)) {
            const connection = toldOf(claim, rival, encounter);
            const key = `${claim.path} ${refText(refOf(rival.owner))}`;
            if (connection === undefined || told.has(key)) continue;
            told.add(key);
            yield complaintOf(claim, rival, encounter, connection);
          }
        }
      }
    }
  },
});

/**
 * A connection that is for both. That a name of its own goes before somebody else's wildcard is what names are for: it is
 * told to the owner of the wildcard, and where both speak for the same hosts.
 */
function toldOf(
  claim: Claim,
  { owner, claim: their }: Rival,
  { candidate, claims, claimsOf }: Encounter,
): WitnessConnection | undefined {
  const connection = sharedConnection(claim, their);
  if (connection === undefined || !decides(claim, claims, connection) || !decides(their, claimsOf(owner), connection))
    return undefined;
  if (!isNarrower(claim.name, their.name)) return connection;
  return candidate.spec.hosts?.some((host) => owner.spec.hosts?.includes(host)) === true ? connection : undefined;
}

/** Whether no other claim of the same object is for the connection by a narrower name. */
function decides(claim: Claim, all: readonly Claim[], { serverName = "*", port }: WitnessConnection): boolean {
  return !all.some(
    (other) =>
      other.sort === claim.sort &&
      isNarrower(other.name, claim.name) &&
      matchesHost(other.name, serverName) &&
      (other.port === undefined || other.port === port),
  );
}

function complaintOf(claim: Claim, rival: Rival, encounter: Encounter, connection: WitnessConnection): Complaint {
  const other = refOf(rival.owner);
  const { name: own } = encounter.candidate.metadata;
  const winner = rival.isOlder ? other.name : own;
  const won = isNarrower(claim.name, rival.claim.name)
    ? `the narrower server name, that of ${own}, wins`
    : isNarrower(rival.claim.name, claim.name)
      ? `the narrower server name, that of ${other.name}, wins`
      : `the older object, ${winner}, wins`;
  return {
    path: claim.path,
    problem: `has connections in common with ${refText(other)} (${rival.claim.path}) on gateway ${encounter.gateway}`,
    reason: `${connectionText(connection)} is for both, and ${won}`,
    fix: "Move the rules into one object, or narrow one of them",
    others: [other],
    connection,
  };
}
