// TLS and TCP rules of one VirtualService that an earlier rule leaves nothing to.
import { connectionText, type WitnessConnection } from "../../base/finding.ts";
import type { JsonPath } from "../../base/json-path.ts";
import { groupBy } from "../../model/keep.ts";
import type { ResolvedVirtualService, Snapshot } from "../../model/snapshot.ts";
import { resolveCandidate } from "../../model/virtual-services.ts";
import { type Complaint, rule } from "../rule.ts";
import { type Claim, claimsOn, coversClaim, sharedConnection } from "./connection-claims.ts";

/** The first rule for a server name and port gets the connections. */
export const unreachableConnections = rule({
  code: "PIL3107",
  alias: "IST0130",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "no TLS or TCP rule is covered by an earlier one of the same VirtualService",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    if ((object.spec.tls?.length ?? 0) + (object.spec.tcp?.length ?? 0) < 2) return;
    const owner = resolveCandidate(object, world, snapshot);
    if (owner === undefined) return;
    const fates = fatesOf(owner, snapshot.gateways);
    for (const ofRule of groupBy(fates, ({ claim }) => claim.rule).values()) {
      const dead = [...groupBy(ofRule, ({ claim }) => claim.path)].filter(([, all]) => all.every(isTaken));
      const isWhole = ofRule.every(isTaken);
      for (const [path, [fate]] of isWhole ? dead.slice(0, 1) : dead) {
        if (fate?.taker === undefined) continue;
        yield dearth(isWhole ? fate.claim.rule : path, isWhole, fate.claim, fate.taker);
      }
    }
  },
});

interface Fate {
  readonly claim: Claim;
  /** The claim of an earlier rule that leaves it nothing. */
  readonly taker: Claim | undefined;
}

/** What becomes of each claim on each gateway. */
function fatesOf(owner: ResolvedVirtualService, gateways: Snapshot["gateways"]): readonly Fate[] {
  return [...new Set(owner.spec.gateways)].flatMap((gateway) => {
    const first = new Map<string, Claim[]>();
    return claimsOn(owner, gateways, gateway).map((claim) => {
      const key = `${claim.sort} ${claim.name}`;
      const earlier = first.get(key) ?? [];
      first.set(key, earlier);
      const taker = earlier.find((one) => one.rule !== claim.rule && coversClaim(one, claim));
      if (taker === undefined) earlier.push(claim);
      return { claim, taker };
    });
  });
}

function isTaken({ taker }: Fate): boolean {
  return taker !== undefined;
}

function dearth(path: JsonPath, isWhole: boolean, claim: Claim, taker: Claim): Complaint {
  const connection: WitnessConnection = sharedConnection(taker, claim) ?? {};
  return {
    path,
    problem: isWhole ? "the rule is never reached" : `server name "${claim.name}" is never reached here`,
    reason: `${connectionText(connection)}, and every other that it is for, is taken by ${taker.path} before`,
    fix: `Move it before ${taker.rule}, or take it away`,
    connection,
  };
}
