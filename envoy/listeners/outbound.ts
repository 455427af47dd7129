// What a sidecar listens on for its application: one listener for everything, and one for each port number on which
// some service speaks HTTP (or might). Whatever lies in the mesh's address ranges comes on demand.
import { memoize } from "../../base/memo.ts";
import { isVisible } from "../../model/hosts.ts";
import { outboundPorts } from "../../model/ports.ts";
import { layerOf } from "../../model/protocol.ts";
import { sidecarPorts } from "../../model/sidecar.ts";
import type { MeshSettings, Snapshot, Viewpoint } from "../../model/snapshot.ts";
import { cidrRange, isIpv6 } from "../address.ts";
import { milliseconds } from "../duration.ts";
import { clusterNeeds, encode } from "../encode.ts";
import {
  blackHoleCluster,
  externalRoutes,
  listenerName,
  meshRoutes,
  parseListenerName,
  passthroughCluster,
  virtualOutbound,
} from "../names.ts";
import type { FilterChain } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import type { ProxyContext } from "../proxy-context.ts";
import { remembering } from "../remember.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { type ExternalTcp, externalTcp, externalTcpPorts } from "./external-tcp.ts";
import { onDemand, routeFilters } from "./http-filters.ts";
import { httpManager } from "./http-manager.ts";
import { chain, listenerAt } from "./listener.ts";
import { detectionTimeoutMs, httpInspector, plainHttp, tlsInspector } from "./listener-filters.ts";
import { tcpOnDemand, tcpProxy, tcpProxyTo } from "./tcp-proxy.ts";

/** Names of all outbound listeners of a sidecar. */
export function outboundListenerNames({ snapshot, workload }: ProxyContext): readonly string[] {
  const plans = portPlans(snapshot, workload);
  const inspected = new Set(plans.filter(isInspected).map(({ port }) => port));
  const own = tcpAddresses(snapshot).filter(
    ({ port, exportTo, namespace }) => inspected.has(port) && isVisible(exportTo, namespace, workload.namespace),
  );
  return [
    virtualOutbound,
    ...plans.map(({ port }) => listenerName("0.0.0.0", port)),
    ...own.map(({ address, port }) => listenerName(address, port)),
  ];
}

/** The outbound listener of that name. */
export function outboundListener(context: ProxyContext, name: string): EncodedResource | undefined {
  const { snapshot, workload, ipv6 } = context;
  if (name === virtualOutbound) return encodeVirtualOutbound(snapshot.mesh, ipv6);
  const place = parseListenerName(name);
  if (place === undefined || !outboundListenerNames(context).includes(name)) return undefined;
  if (place.address !== "0.0.0.0") return encodeAddress(snapshot.mesh, place.address, place.port);
  const plan = portPlans(snapshot, workload).find(({ port }) => port === place.port);
  if (plan === undefined) return undefined;
  return encodedPort(snapshot.mesh, JSON.stringify([plan, ipv6]), () => encodePort(snapshot.mesh, plan, ipv6));
}

/** What a port's listener has to tell apart. */
interface PortPlan {
  readonly port: number;
  readonly http: boolean;
  readonly sniffed: boolean;
  readonly external: readonly ExternalTcp[];
}

/** Where the proxy itself listens in every pod: a gateway's Service has such ports too, and they are reached as bytes. */
const ownPorts: ReadonlySet<number> = new Set(Object.values(sidecarPorts));

function portPlans(snapshot: Snapshot, view: Viewpoint): readonly PortPlan[] {
  const layers = new Map(outboundPorts(snapshot, view.namespace).map((port) => [port.number, port.layers]));
  const numbers = new Set([...layers.keys(), ...externalTcpPorts(snapshot)]);
  return [...numbers]
    .filter((port) => !ownPorts.has(port))
    .map((port) => ({
      port,
      http: layers.get(port)?.has("http") === true,
      sniffed: layers.get(port)?.has("sniffed") === true,
      external: externalTcp(snapshot, view, port),
    }))
    .filter(({ http, sniffed, external }) => http || sniffed || external.length > 0)
    .toSorted((a, b) => a.port - b.port);
}

const isInspected = (plan: PortPlan): boolean => plan.http || plan.sniffed || looksAtTls(plan);
const looksAtTls = ({ external }: PortPlan): boolean => external.some(({ serverNames }) => serverNames.length > 0);

/** Virtual addresses with a TCP port: where others speak HTTP on that number, inspecting would keep server-first ones waiting. */
const tcpAddresses = memoize((snapshot: Snapshot) =>
  [...snapshot.services.values()].flatMap(({ resolution, addresses, ports, exportTo, namespace }) =>
    resolution !== "cluster-ip"
      ? []
      : ports
          .filter(({ protocol }) => layerOf(protocol) === "tcp")
          .flatMap(({ number: port }) => addresses.map((address) => ({ address, port, exportTo, namespace }))),
  ),
);

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

const encodeAddress = memoize((mesh: MeshSettings, address: string, port: number) => {
  const name = listenerName(address, port);
  const message = listenerAt(
    { name, port, address, direction: "outbound", ipv6: isIpv6(address) },
    { bindToPort: false, filterChains: [chain(name, undefined, tcpOnDemand(mesh))] },
  );
  return encode(typeUrls.listener, name, ListenerSchema, { message, needs: clusterNeeds([blackHoleCluster]) });
});

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
      listenerFilters: [...(looksAtTls(plan) ? [tlsInspector] : []), ...(inspectsHttp ? [httpInspector()] : [])],
      // Where only HTTP is spoken a client may take its time before the first request; elsewhere the server may be first.
      listenerFiltersTimeout: milliseconds(plan.sniffed || looksAtTls(plan) ? detectionTimeoutMs(mesh.config) : 0),
      continueOnListenerFiltersTimeout: true,
      filterChains: [...meshChains(mesh, plan), ...otherChains(mesh, plan)],
      defaultFilterChain: chain("other-tcp", undefined, [tcpProxyTo(mesh, unknown)]),
    },
  );
  const clusters = [...plan.external.flatMap(({ shares }) => shares), ...unknown].map(({ cluster }) => cluster);
  return encode(typeUrls.listener, name, ListenerSchema, {
    message,
    needs: clusterNeeds([blackHoleCluster, ...clusters]),
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
    .map(({ host, addresses, serverNames, shares }) => {
      const tls = serverNames.length > 0 ? { serverNames: [...serverNames], transportProtocol: "tls" } : {};
      return chain(host, { prefixRanges: addresses.map(cidrRange), ...tls }, [tcpProxyTo(mesh, shares)]);
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
