// Where the rules of two VirtualServices meet: on a named gateway, for a host that both have.
import type { HttpMatch } from "../../api/http-route.ts";
import type { JsonPath } from "../../base/json-path.ts";
import { isCatchAll, serverHosts } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
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

/** Where two VirtualServices meet; gateways merge their rules there. */
export function meetings(snapshot: Snapshot, a: ResolvedVirtualService, b: ResolvedVirtualService): readonly Meeting[] {
  const gateways = (a.spec.gateways ?? []).filter(
    (name) => name !== "mesh" && b.spec.gateways?.includes(name) === true,
  );
  return gateways.flatMap((gateway) => {
    const hosts = hostsOn(snapshot, a, gateway);
    const others = new Set(hostsOn(snapshot, b, gateway));
    return hosts.filter((host) => others.has(host)).map((host) => ({ gateway, host }));
  });
}

/** The hosts that a VirtualService has on a gateway; as it says itself where the Gateway is not there. */
export function hostsOn(
  snapshot: Snapshot,
  { spec, metadata }: ResolvedVirtualService,
  gateway: string,
): readonly string[] {
  const found = snapshot.gateways.find(({ metadata: of }) => `${of.namespace}/${of.name}` === gateway);
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
}

/** Every match of every HTTP rule that can hold on a gateway, in order. */
export function matchesOn(owner: ResolvedVirtualService, gateway: string): readonly PlacedMatch[] {
  return (owner.spec.http ?? []).flatMap((rule, position): readonly PlacedMatch[] => {
    const source = owner.httpSources[position];
    if (source === undefined) return [];
    const all = (rule.match ?? []).map((match, index) => ({ match, index }));
    if (all.length === 0) return [{ ...source, match: everyRequest, index: undefined, isLast: true }];
    return all
      .filter(({ match }) => (match.gateways ?? []).length === 0 || match.gateways?.includes(gateway) === true)
      .map(({ match, index }) => ({ ...source, match: onGateway(match), index, isLast: isCatchAll(match) }));
  });
}

/** Where a match stands in its object. */
export function pathOf({ path, index }: PlacedMatch): JsonPath {
  return index === undefined ? path : (`${path}.match[${index}]` as JsonPath); // Joining two rendered paths.
}

/** The gateway is decided by now. */
function onGateway(match: HttpMatch): HttpMatch {
  const { gateways: _gateways, ...rest } = match;
  return rest;
}
