// What a sidecar listens on for its application: one listener for everything, and one for each port number on which
// some service speaks HTTP (or might). Whatever lies in the mesh's address ranges comes on demand.
import type { PortTrafficPolicy } from "../../api/traffic-policy.ts";
import { memoize } from "../../base/memo.ts";
import { isVisible } from "../../model/hosts.ts";
import { groupBy } from "../../model/keep.ts";
import { outboundPorts } from "../../model/ports.ts";
import { layerOf } from "../../model/protocol.ts";
import type { MeshService } from "../../model/service.ts";
import { sidecarPorts } from "../../model/sidecar.ts";
import type { MeshSettings, RouteParts, Snapshot, Viewpoint } from "../../model/snapshot.ts";
import { cidrRange, isIpv6 } from "../address.ts";
import { milliseconds } from "../duration.ts";
import { clusterNeeds, encode } from "../encode.ts";
import {
  blackHoleCluster,
  externalRoutes,
  listenerName,
  meshRoutes,
  passthroughCluster,
  virtualOutbound,
} from "../names.ts";
import type { FilterChain } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import type { OutboundContext } from "../proxy-context.ts";
import { remembering } from "../remember.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { addressRuleFor, type Lifetime, lifetimeOf, sharesFor } from "../tcp-shares.ts";
import { type ExternalTcp, externalTcp, externalTcpPorts } from "./external-tcp.ts";
import { onDemand, routeFilters } from "./http-filters.ts";
import { httpManager } from "./http-manager.ts";
import { chain, listenerAt } from "./listener.ts";
import { detectionTimeoutMs, httpInspector, plainHttp, tlsInspector } from "./listener-filters.ts";
import { tcpOnDemand, tcpProxy, tcpProxyTo } from "./tcp-proxy.ts";

/** Names of all outbound listeners of a sidecar. */
export function outboundListenerNames(context: OutboundContext): readonly string[] {
  return [...planOf(context).keys()];
}

/** The outbound listener of that name. */
export function outboundListener(context: OutboundContext, name: string): EncodedResource | undefined {
  const { ipv6 } = context;
  const { mesh } = context.snapshot;
  const plan = planOf(context).get(name);
  switch (plan?.type) {
    case "everything":
      return encodeVirtualOutbound(mesh, ipv6);
    case "address":
      return encodedPort(mesh, JSON.stringify(plan), () => encodeAddress(mesh, plan));
    case "port":
      return encodedPort(mesh, JSON.stringify([plan, ipv6]), () => encodePort(mesh, plan, ipv6));
    case undefined:
      return undefined;
  }
}

/** What a listener is for. */
type ListenerPlan = { readonly type: "everything" } | AddressPlan | PortPlan;

interface AddressPlan {
  readonly type: "address";
  readonly address: string;
  readonly port: number;
  readonly lifetime: Lifetime;
}

const planOf = memoize(({ snapshot, workload }: OutboundContext): ReadonlyMap<string, ListenerPlan> => {
  const plans = portPlans(snapshot, workload);
  const named = new Map<string, ListenerPlan>([[virtualOutbound, { type: "everything" }]]);
  for (const plan of plans) named.set(listenerName("0.0.0.0", plan.port), plan);
  const inspected = new Set(plans.filter(isInspected).map(({ port }) => port));
  const isTimed = limitsLifetimes(snapshot.destinationRules);
  for (const [port, places] of tcpPorts(snapshot.services)) {
    if (!isTimed && !inspected.has(port)) continue;
    for (const { service, addresses } of places) {
      if (addresses.length === 0 || !isVisible(service.exportTo, service.namespace, workload.namespace)) continue;
      const lifetime = isTimed ? addressLifetime(snapshot, workload, service, port) : {};
      if (!inspected.has(port) && Object.keys(lifetime).length === 0) continue;
      for (const address of addresses)
        named.set(listenerName(address, port), { type: "address", address, port, lifetime });
    }
  }
  return named;
});

/** Whether any rule says how long TCP connections may last: hardly anybody does, and then no service is asked. */
const limitsLifetimes = memoize((rules: Snapshot["destinationRules"]): boolean => {
  const limits = ({ connectionPool }: PortTrafficPolicy): boolean =>
    connectionPool?.tcp?.idleTimeout !== undefined || connectionPool?.tcp?.maxConnectionDuration !== undefined;
  return rules.some(({ spec }) =>
    [spec.trafficPolicy, ...(spec.subsets ?? []).map(({ trafficPolicy }) => trafficPolicy)].some(
      (policy) => policy !== undefined && [policy, ...(policy.portLevelSettings ?? [])].some(limits),
    ),
  );
});

function addressLifetime(snapshot: RouteParts, view: Viewpoint, service: MeshService, port: number): Lifetime {
  return lifetimeOf(snapshot, view, sharesFor(addressRuleFor(snapshot, view, service, port), service, port));
}

/** What a port's listener has to tell apart. */
interface PortPlan {
  readonly type: "port";
  readonly port: number;
  readonly http: boolean;
  readonly sniffed: boolean;
  /** The server may be the one who speaks first. */
  readonly serverFirst: boolean;
  readonly external: readonly ExternalTcp[];
}

/** Where the proxy itself listens in every pod: a gateway's Service has such ports too, and they are reached as bytes. */
const ownPorts: ReadonlySet<number> = new Set(Object.values(sidecarPorts));

function portPlans(snapshot: OutboundContext["snapshot"], view: Viewpoint): readonly PortPlan[] {
  const layers = new Map(outboundPorts(snapshot, view.namespace).map((port) => [port.number, port.layers]));
  const numbers = new Set([...layers.keys(), ...externalTcpPorts(snapshot)]);
  const isBytes = (port: number): boolean =>
    (tcpPorts(snapshot.services).get(port) ?? []).some(
      ({ protocol, service }) => protocol === "tcp" && isVisible(service.exportTo, service.namespace, view.namespace),
    );
  return [...numbers]
    .filter((port) => !ownPorts.has(port))
    .map((port) => ({
      type: "port" as const,
      port,
      http: layers.get(port)?.has("http") === true,
      sniffed: layers.get(port)?.has("sniffed") === true,
      serverFirst: layers.get(port)?.has("sniffed") === true || isBytes(port),
      external: externalTcp(snapshot, view, port),
    }))
    .filter(({ http, sniffed, external }) => http || sniffed || external.length > 0)
    .toSorted((a, b) => a.port - b.port);
}

const isInspected = (plan: PortPlan): boolean => plan.http || plan.sniffed || looksAtTls(plan);
const looksAtTls = ({ external }: PortPlan): boolean => external.some(({ serverNames }) => serverNames.length > 0);

/**
 * Services by TCP port, with their virtual addresses: where others speak HTTP on that number, looking at the first bytes
 * would keep callers of server-first protocols waiting. Those without such an address (headless, pods) have to wait.
 */
const tcpPorts = memoize((services: Snapshot["services"]) => {
  const found = [...services.values()].flatMap((service) => {
    const tcp = service.ports.filter(({ protocol }) => layerOf(protocol) === "tcp");
    const addresses = service.resolution === "cluster-ip" ? service.addresses : [];
    return tcp.map(({ number: port, protocol }) => ({ port, protocol, addresses, service }));
  });
  return groupBy(found, ({ port }) => port);
});

const meshRanges = (mesh: MeshSettings) => [...new Set([...mesh.servicePrefixes, ...mesh.podPrefixes])].map(cidrRange);
const unknownCluster = (mesh: MeshSettings): string =>
  mesh.config.outboundTrafficPolicy.mode === "ALLOW_ANY" ? passthroughCluster : blackHoleCluster;

const encodeVirtualOutbound = memoize((mesh: MeshSettings, ipv6: boolean) => {
  const ranges = meshRanges(mesh);
  const unknown = unknownCluster(mesh);
  const message = listenerAt(
    { name: virtualOutbound, port: sidecarPorts.outbound, direction: "outbound", ipv6 },
    {
      useOriginalDst: true,
      filterChains: [
        chain("virtualOutbound-blackhole", { destinationPort: sidecarPorts.outbound }, [
          tcpProxy(mesh, blackHoleCluster),
        ]),
        ...(ranges.length === 0 ? [] : [chain("virtualOutbound-mesh", { prefixRanges: ranges }, tcpOnDemand(mesh))]),
      ],
      defaultFilterChain: chain("virtualOutbound-catchall-tcp", undefined, [tcpProxy(mesh, unknown)]),
    },
  );
  const needs = clusterNeeds([blackHoleCluster, unknown]);
  return encode(typeUrls.listener, virtualOutbound, ListenerSchema, { message, needs });
});

function encodeAddress(mesh: MeshSettings, { address, port, lifetime }: AddressPlan): EncodedResource {
  const name = listenerName(address, port);
  const message = listenerAt(
    { name, port, address, direction: "outbound", ipv6: isIpv6(address) },
    { bindToPort: false, filterChains: [chain(name, undefined, tcpOnDemand(mesh, lifetime))] },
  );
  return encode(typeUrls.listener, name, ListenerSchema, { message, needs: clusterNeeds([blackHoleCluster]) });
}

const encodedPort = remembering<EncodedResource>();

function encodePort(mesh: MeshSettings, plan: PortPlan, ipv6: boolean): EncodedResource {
  const name = listenerName("0.0.0.0", plan.port);
  const byPortAlone = plan.external.find(({ addresses, serverNames }) => addresses.length + serverNames.length === 0);
  const unknown = byPortAlone?.shares ?? [{ cluster: unknownCluster(mesh), weight: 1 }];
  const inspectsHttp = plan.http || plan.sniffed;
  const message = listenerAt(
    { name, port: plan.port, direction: "outbound", ipv6 },
    {
      bindToPort: false,
      listenerFilters: [...(looksAtTls(plan) ? [tlsInspector()] : []), ...(inspectsHttp ? [httpInspector()] : [])],
      // Where only HTTP is spoken a client may take its time before the first request.
      listenerFiltersTimeout: milliseconds(plan.serverFirst || looksAtTls(plan) ? detectionTimeoutMs(mesh.config) : 0),
      continueOnListenerFiltersTimeout: true,
      filterChains: [...meshChains(mesh, plan), ...otherChains(mesh, plan)],
      defaultFilterChain: chain("other-tcp", undefined, [tcpProxyTo(mesh, unknown, byPortAlone?.lifetime)]),
    },
  );
  const clusters = [...plan.external.flatMap(({ shares }) => shares), ...unknown].map(({ cluster }) => cluster);
  return encode(typeUrls.listener, name, ListenerSchema, {
    message,
    needs: clusterNeeds([blackHoleCluster, ...clusters]),
    provenance: plan.external.flatMap(({ origins }) => origins),
  });
}

/** Connections into the mesh: requests to a virtual host, bytes to an address, both fetched when they are first called. */
function meshChains(mesh: MeshSettings, plan: PortPlan): FilterChain[] {
  const prefixRanges = meshRanges(mesh);
  if (prefixRanges.length === 0) return [];
  const bytes = tcpOnDemand(mesh);
  const tcp = chain("mesh-tcp", { prefixRanges, transportProtocol: "raw_buffer" }, bytes);
  const tls = looksAtTls(plan) ? [chain("mesh-tls", { prefixRanges, transportProtocol: "tls" }, bytes)] : [];
  if (!plan.http && !plan.sniffed) return [tcp, ...tls];
  const requests = httpManager(mesh, {
    side: "outbound",
    statPrefix: `outbound_0.0.0.0_${plan.port}`,
    routes: meshRoutes(plan.port),
    filters: [onDemand, ...routeFilters],
  });
  const match = { prefixRanges, transportProtocol: "raw_buffer", applicationProtocols: [...plainHttp] };
  return [chain("mesh-http", match, [requests]), tcp, ...tls];
}

/** Connections out of the mesh that are known by address, server name or protocol. */
function otherChains(mesh: MeshSettings, plan: PortPlan): FilterChain[] {
  const chains = plan.external
    .filter(({ addresses, serverNames }) => addresses.length + serverNames.length > 0)
    .map(({ host, addresses, serverNames, shares, lifetime }) => {
      const tls = serverNames.length > 0 ? { serverNames: [...serverNames], transportProtocol: "tls" } : {};
      return chain(host, { prefixRanges: addresses.map(cidrRange), ...tls }, [tcpProxyTo(mesh, shares, lifetime)]);
    });
  if (!plan.http && !plan.sniffed) return chains;
  const requests = httpManager(mesh, {
    side: "outbound",
    statPrefix: `outbound_0.0.0.0_${plan.port}`,
    routes: externalRoutes(plan.port),
    filters: routeFilters,
  });
  const match = { transportProtocol: "raw_buffer", applicationProtocols: [...plainHttp] };
  return [...chains, chain("other-http", match, [requests])];
}
