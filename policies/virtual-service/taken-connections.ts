// TLS and TCP rules of several VirtualServices on one gateway: a connection has nothing but server name and port to tell them.
import { refOf } from "../../api/object.ts";
import { refText } from "../../base/object-ref.ts";
import { groupBy } from "../../model/keep.ts";
import { type Complaint, rule } from "../rule.ts";
import { type Claim, coversClaim, sharedConnection } from "./connection-claims.ts";
import { type Encounter, encountersOf, type Rival } from "./connection-encounters.ts";

/** The first chain for a server name, or for a port without any, gets its connections. */
export const takenConnections = rule({
  code: "PIL3105",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "connections of a rule are not taken by rules of an older VirtualService on the same gateway",
  *check(object, around): Iterable<Complaint> {
    for (const encounter of encountersOf(object, around)) {
      for (const claims of placesOf(encounter)) {
        const taker = takerOf(claims, encounter);
        const [claim] = claims;
        if (taker === undefined || claim === undefined) continue;
        const owner = refOf(taker.owner);
        const connection = sharedConnection(taker.claim, claim);
        yield {
          path: claim.path,
          problem: `${whatOf(claim)} of gateway ${encounter.gateway} is taken by ${refText(owner)} (${taker.claim.path})`,
          reason: `A connection is for one of the two: the older, ${owner.name}, would always win`,
          fix: "Move the rules into one object, or take another name or port",
          others: [owner],
          ...(connection === undefined ? {} : { connection }),
        };
      }
    }
  },
});

/** The claims of each place: one for each port of the gateway. */
export function placesOf({ claims }: Encounter): readonly (readonly Claim[])[] {
  return [...groupBy(claims, ({ path }) => path).values()];
}

/** Who leaves nothing to a place. */
export function takerOf(claims: readonly Claim[], { rivalsNaming }: Encounter): Rival | undefined {
  const takers = claims.map((claim) =>
    rivalsNaming(claim.name).find((rival) => rival.isOlder && coversClaim(rival.claim, claim)),
  );
  return takers.every((taker) => taker !== undefined) ? takers[0] : undefined;
}

function whatOf({ sort, name, match: { port } }: Claim): string {
  if (sort === "tls") return `server name "${name}"`;
  return port === undefined ? "every port" : `port ${port}`;
}
