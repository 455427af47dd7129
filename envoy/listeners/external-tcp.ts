// TCP hosts of ServiceEntries: they are no part of the mesh's address ranges, so sidecars get them unasked.
import { memoize } from "../../base/memo.ts";
import type { ObjectRef } from "../../base/object-ref.ts";
import { isVisible } from "../../model/hosts.ts";
import { layerOf, type Protocol } from "../../model/protocol.ts";
import type { MeshService } from "../../model/service.ts";
import type { RouteParts, ServiceParts, Viewpoint } from "../../model/snapshot.ts";
import { type Lifetime, lifetimeOf, sharesFor, type TcpShare, tcpRuleFor, tlsRulesFor } from "../tcp-shares.ts";

/** A sort of connections that is known by address, by server name, or by the port alone. */
export interface ExternalTcp {
  readonly host: string;
  /** CIDRs or addresses; empty: any. */
  readonly addresses: readonly string[];
  /** Server names of the TLS handshake; empty: not looked at. */
  readonly serverNames: readonly string[];
  readonly shares: readonly TcpShare[];
  readonly lifetime: Lifetime;
  /** The ServiceEntry, and the VirtualService that routes it. */
  readonly origins: readonly ObjectRef[];
}

/** What leaves the mesh as TCP on a port, as seen from a proxy; of several that cannot be told apart the first. */
export function externalTcp(snapshot: RouteParts, view: Viewpoint, port: number): readonly ExternalTcp[] {
  const taken = new Set<string>();
  /** Envoy refuses a listener in which two chains are for the same connections. */
  const free = (keys: readonly string[]): readonly string[] => keys.filter((key) => !taken.has(key) && taken.add(key));
  return (externalServices(snapshot.services).get(port) ?? [])
    .filter(({ service }) => isVisible(service.exportTo, service.namespace, view.namespace))
    .flatMap(({ service, protocol }) => sortsOf(snapshot, view, service, port, protocol))
    .flatMap((sort) => {
      const { addresses, serverNames } = sort;
      if (addresses.length + serverNames.length === 0) return free([""]).length === 0 ? [] : [sort];
      const rest = { ...sort, addresses: free(addresses), serverNames: free(serverNames) };
      return rest.addresses.length + rest.serverNames.length === 0 ? [] : [rest];
    });
}

/** Ports on which something leaves the mesh as TCP. */
export function externalTcpPorts({ services }: ServiceParts): readonly number[] {
  return [...externalServices(services).keys()];
}

interface ExternalPort {
  readonly service: MeshService;
  readonly protocol: Protocol;
}

const externalServices = memoize((services: ServiceParts["services"]): ReadonlyMap<number, readonly ExternalPort[]> => {
  const byPort = new Map<number, ExternalPort[]>();
  for (const service of [...services.values()].toSorted(byAge)) {
    if (service.origin.kind !== "ServiceEntry") continue;
    for (const { number, protocol } of service.ports) {
      if (layerOf(protocol) !== "tcp") continue;
      byPort.set(number, [...(byPort.get(number) ?? []), { service, protocol }]);
    }
  }
  return byPort;
});

/** Oldest first; those without an age last, by name, so that the order is the same everywhere. */
function byAge(a: MeshService, b: MeshService): number {
  const [left, right] = [a, b].map(({ createdAt = "~", hostname }) => `${createdAt} ${hostname}`);
  return (left ?? "") < (right ?? "") ? -1 : 1;
}

function sortsOf(
  snapshot: RouteParts,
  view: Viewpoint,
  service: MeshService,
  port: number,
  protocol: Protocol,
): readonly ExternalTcp[] {
  const { hostname: host, addresses } = service;
  const isTls = protocol === "https" || protocol === "tls";
  const tls = isTls ? tlsRulesFor(snapshot, view, service, port) : [];
  if (tls.length > 0) {
    return tls.map((rule) => {
      const shares = sharesFor(rule, service, port);
      return {
        host,
        addresses: [],
        serverNames: [...new Set(rule.matches.flatMap((match) => match.sniHosts))].map(serverName),
        shares,
        lifetime: lifetimeOf(snapshot, view, shares),
        origins: [service.origin, rule.origin],
      };
    });
  }
  const serverNames = isTls && addresses.length === 0 && host !== "*" ? [serverName(host)] : [];
  const rule = tcpRuleFor(snapshot, view, service, port);
  const origins = rule === undefined ? [service.origin] : [service.origin, rule.origin];
  const shares = sharesFor(rule, service, port);
  return [{ host, addresses, serverNames, shares, lifetime: lifetimeOf(snapshot, view, shares), origins }];
}

/** Envoy takes the whole name, or a suffix that begins with "*.". */
const serverName = (host: string): string => host.toLowerCase();
