// Where the rules of two VirtualServices meet: on a named gateway, for a host that both have.
import type { HttpMatch } from "../../api/http-route.ts";
import { refOf } from "../../api/object.ts";
import type { JsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { sameRef } from "../../base/object-ref.ts";
import { oldestFirst } from "../../model/age.ts";
import { isCatchAll, serverHosts } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { indexBy } from "../../model/index-by.ts";
import { groupBy } from "../../model/keep.ts";
import { everyRequest } from "../../model/matching/requests.ts";
import type { ResolvedVirtualService, RuleSource, Snapshot } from "../../model/snapshot.ts";

/** One match of one rule, as it stands on a gateway. */
export interface PlacedMatch extends RuleSource {
  readonly match: HttpMatch;
  /** Which match of its rule; undefined where the rule has none. */
  readonly index: number | undefined;
  /** What matches everything goes behind all rules that do not. */
  readonly isLast: boolean;
}

/** A gateway and a host on it that two VirtualServices have rules for. */
export interface Meeting {
  readonly gateway: string;
  readonly host: string;
}

/** Another VirtualService, and where a candidate meets it. */
export interface Neighbour {
  readonly other: ResolvedVirtualService;
  readonly meetings: readonly Meeting[];
}

/** All stored VirtualServices that a candidate shares a host with on some named gateway; gateways merge their rules there. */
export function neighboursOf(snapshot: Snapshot, candidate: ResolvedVirtualService): readonly Neighbour[] {
  const found = new Map<ResolvedVirtualService, Meeting[]>();
  for (const gateway of namedGateways(candidate)) {
    for (const host of hostsOn(snapshot, candidate, gateway)) {
      for (const other of storedOn(snapshot, gateway, host)) {
        if (sameRef(refOf(other), refOf(candidate))) continue;
        const meetings = found.get(other);
        if (meetings === undefined) found.set(other, [{ gateway, host }]);
        else meetings.push({ gateway, host });
      }
    }
  }
  return [...found].map(([other, meetings]) => ({ other, meetings }));
}

/** Stored VirtualServices by the hosts that they have on a gateway: all of them, of which there may be thousands. */
export function stored(snapshot: Snapshot, gateway: string): ReadonlyMap<string, readonly ResolvedVirtualService[]> {
  return byHost(boundTo(snapshot.virtualServices, gateway), snapshot.gateways, gateway);
}

const byHost = memoize((owners: Snapshot["virtualServices"], gateways: Snapshot["gateways"], gateway: string) => {
  const claims = owners.flatMap((owner) => claimed(owner, gateways, gateway).map((host) => ({ host, owner })));
  const groups = groupBy(claims, ({ host }) => host);
  return new Map([...groups].map(([host, group]) => [host, group.map(({ owner }) => owner)]));
});

/** Stored VirtualServices that are bound to a gateway, oldest first. */
export const boundTo = indexBy<ResolvedVirtualService>(namedGateways);

/** Stored VirtualServices that have a host on a gateway, oldest first: by writing it, or a wildcard that a server narrows to it. */
function storedOn({ virtualServices, gateways }: Snapshot, gateway: string, host: string) {
  const dots = [...host.matchAll(/\./g)].map(({ index }) => `*${host.slice(index)}`);
  const names = new Set([host, ...dots, "*", partly]);
  const owners = [...names].flatMap((name) => byName(virtualServices, `${gateway} ${name}`));
  const found = [...new Set(owners)].filter((owner) => claimedNames(claimed(owner, gateways, gateway)).has(host));
  return found.toSorted(oldestFirst);
}

/** Stands for all wildcards that are not for whole labels, such as "*-a.example.com". */
const partly = "*?";

const byName = indexBy<ResolvedVirtualService>((owner) =>
  namedGateways(owner).flatMap((gateway) =>
    (owner.spec.hosts ?? []).map((host) => `${gateway} ${/^\*[^.]/.test(host) ? partly : host}`),
  ),
);

/** Gateways but "mesh". */
export function namedGateways({ spec }: ResolvedVirtualService): readonly string[] {
  return (spec.gateways ?? []).filter((name) => name !== "mesh");
}

/** The hosts that a VirtualService has on a gateway; as it says itself where the Gateway is not there. */
export function hostsOn(snapshot: Snapshot, owner: ResolvedVirtualService, gateway: string): readonly string[] {
  return claimed(owner, snapshot.gateways, gateway);
}

const claimed = memoize(
  ({ spec, metadata }: ResolvedVirtualService, gateways: Snapshot["gateways"], gateway: string): readonly string[] => {
    const found = gatewaysByName(gateways).get(gateway);
    const wanted = spec.hosts ?? [];
    if (found === undefined) return wanted;
    const servers = (found.spec.servers ?? []).flatMap((server) => serverHosts(server, found.metadata.namespace));
    const common = wanted.flatMap((host) =>
      servers.flatMap((server) => {
        if (server.namespace !== "*" && server.namespace !== metadata.namespace) return [];
        const shared = hostsInCommon(server.host, host);
        return shared === undefined ? [] : [shared];
      }),
    );
    return [...new Set(common)];
  },
);

const claimedNames = memoize((hosts: readonly string[]): ReadonlySet<string> => new Set(hosts));

/** Gateways by "namespace/name". */
export const gatewaysByName = memoize(
  (gateways: Snapshot["gateways"]) =>
    new Map(gateways.map((gateway) => [`${gateway.metadata.namespace}/${gateway.metadata.name}`, gateway])),
);

/** Every match of every HTTP rule that can hold on a gateway, in order. */
export const matchesOn = memoize((owner: ResolvedVirtualService, gateway: string): readonly PlacedMatch[] =>
  (owner.spec.http ?? []).flatMap((rule, position): readonly PlacedMatch[] => {
    const source = owner.httpSources[position];
    if (source === undefined) return [];
    const all = (rule.match ?? []).map((match, index) => ({ match, index }));
    if (all.length === 0) return [{ ...source, match: everyRequest, index: undefined, isLast: true }];
    return all
      .filter(({ match }) => (match.gateways ?? []).length === 0 || match.gateways?.includes(gateway) === true)
      .map(({ match, index }) => ({ ...source, match: onGateway(match), index, isLast: isCatchAll(match) }));
  }),
);

/** Where a match stands in its object. */
export function pathOf({ path, index }: PlacedMatch): JsonPath {
  return index === undefined ? path : (`${path}.match[${index}]` as JsonPath); // Joining two rendered paths.
}

/** The gateway is decided by now. */
function onGateway(match: HttpMatch): HttpMatch {
  const { gateways: _gateways, ...rest } = match;
  return rest;
}
