// Where the connections of a TCP port go: as the rules of VirtualServices say, else to the service itself.
import { destinationRuleFor, trafficPolicyFor } from "../model/destination-rules.ts";
import { matchesHost } from "../model/host-patterns.ts";
import type { ResolvedDestination, ResolvedTcpRule, ResolvedTlsRule } from "../model/routes.ts";
import { tcpRules, tlsRules } from "../model/routes.ts";
import type { MeshService } from "../model/service.ts";
import type { RouteParts, TargetParts, Viewpoint } from "../model/snapshot.ts";
import { outboundCluster, parseOutboundCluster } from "./names.ts";
import { clusterOf, weighted } from "./routes/destinations.ts";

/** A part of the connections of a port. */
export interface TcpShare {
  readonly cluster: string;
  readonly weight: number;
}

/** How long connections may last, as Go writes durations. */
export interface Lifetime {
  /** Without a byte in either direction; 0s: for ever. */
  readonly idleTimeout?: string;
  /** In all. */
  readonly maxConnectionDuration?: string;
}

/** What DestinationRules say of connections to the first of these shares. */
export function lifetimeOf(snapshot: TargetParts, view: Viewpoint, [first]: readonly TcpShare[]): Lifetime {
  const target = first === undefined ? undefined : parseOutboundCluster(first.cluster);
  if (target === undefined) return {};
  const rule = destinationRuleFor(snapshot, view, target.host);
  const { idleTimeout, maxConnectionDuration } =
    trafficPolicyFor(rule, target.subset, target.port).connectionPool?.tcp ?? {};
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
  };
}

/** The first TCP rule of a sidecar for a service's port that is for all addresses. */
export function tcpRuleFor(
  snapshot: RouteParts,
  view: Viewpoint,
  service: MeshService,
  port: number,
): ResolvedTcpRule | undefined {
  const rules = tcpRules(snapshot, { view, host: service.hostname, port, gateway: "mesh" });
  return rules.find((rule) => isForAllAddresses(rule));
}

/** The rule for connections to a service's virtual address. What calls it has its name in the handshake, if it has any. */
export function addressRuleFor(
  snapshot: RouteParts,
  view: Viewpoint,
  service: MeshService,
  port: number,
): ResolvedTcpRule | ResolvedTlsRule | undefined {
  const protocol = service.ports.find(({ number }) => number === port)?.protocol;
  const named =
    protocol === "https" || protocol === "tls"
      ? tlsRulesFor(snapshot, view, service, port).find(({ matches }) =>
          matches.some(
            ({ sniHosts, destinationSubnets = [] }) =>
              destinationSubnets.length === 0 &&
              sniHosts.some((name) => matchesHost(name.toLowerCase(), service.hostname)),
          ),
        )
      : undefined;
  return named ?? tcpRuleFor(snapshot, view, service, port);
}

/** TLS rules of a sidecar for a service's port. */
export function tlsRulesFor(
  snapshot: RouteParts,
  view: Viewpoint,
  service: MeshService,
  port: number,
): readonly ResolvedTlsRule[] {
  return tlsRules(snapshot, { view, host: service.hostname, port, gateway: "mesh" });
}

/** The shares of a rule's destinations; without a rule everything goes to the service. */
export function sharesFor(
  rule: { readonly destinations: readonly ResolvedDestination[] } | undefined,
  service: MeshService,
  port: number,
): readonly TcpShare[] {
  if (rule === undefined || rule.destinations.length === 0)
    return [{ cluster: outboundCluster({ port, subset: undefined, host: service.hostname }), weight: 1 }];
  return sharesOf(rule);
}

/** The shares of a rule's destinations. */
export function sharesOf(rule: { readonly destinations: readonly ResolvedDestination[] }): readonly TcpShare[] {
  return weighted(rule.destinations).map(({ destination, weight }) => ({ cluster: clusterOf(destination), weight }));
}

function isForAllAddresses({ matches }: ResolvedTcpRule): boolean {
  return matches.length === 0 || matches.some((match) => (match.destinationSubnets?.length ?? 0) === 0);
}
