// What a gateway listens on: the ports of the Gateways that select it. HTTP is routed, TLS is opened or passed on by
// server name, TCP is carried.
import { memoize } from "../../base/memo.ts";
import type { ObjectRef } from "../../base/object-ref.ts";
import { type BoundServer, type GatewayListener, gatewayListeners, serverProtocol } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { hostname, isVisible } from "../../model/hosts.ts";
import { layerOf } from "../../model/protocol.ts";
import { type ResolvedTcpRule, type ResolvedTlsRule, tcpRulesOf, tlsRulesOf } from "../../model/routes.ts";
import type { MeshSettings, Snapshot } from "../../model/snapshot.ts";
import type { Workload } from "../../model/workload.ts";
import { clusterNeeds, encode } from "../encode.ts";
import { serverTls } from "../gateway-tls.ts";
import { blackHoleCluster, gatewayRoutes, listenerName, parseListenerName } from "../names.ts";
import type { TransportSocket } from "../proto/envoy/config/core/v3/base_pb.ts";
import type { FilterChain } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import type { ProxyContext } from "../proxy-context.ts";
import { remembering } from "../remember.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { type Lifetime, lifetimeOf, sharesOf, type TcpShare } from "../tcp-shares.ts";
import { grpcWeb, routeFilters } from "./http-filters.ts";
import { httpManager } from "./http-manager.ts";
import { chain, listenerAt } from "./listener.ts";
import { tlsInspector } from "./listener-filters.ts";
import { tcpProxyTo } from "./tcp-proxy.ts";

/** The ports of a gateway workload; the same list for the same snapshot. */
export const portsOfGateway = memoize((snapshot: Snapshot, workload: Workload): readonly GatewayListener[] =>
  gatewayListeners(snapshot, workload),
);

/** Names of a gateway's listeners. */
export function gatewayListenerNames(context: ProxyContext): readonly string[] {
  return portsOfGateway(context.snapshot, context.workload)
    .filter((port) => chainPlans(context, port).length > 0)
    .map(({ port }) => listenerName("0.0.0.0", port));
}

/** The listener of that name; undefined when no server on its port can be served. */
export function gatewayListener(context: ProxyContext, name: string): EncodedResource | undefined {
  const { snapshot, workload, ipv6 } = context;
  const port = portsOfGateway(snapshot, workload).find((one) => listenerName("0.0.0.0", one.port) === name);
  if (port === undefined) return undefined;
  const plans = chainPlans(context, port);
  if (plans.length === 0) return undefined;
  const { mesh } = snapshot;
  return encoded(mesh, JSON.stringify([name, plans, ipv6]), () => encodeListener(mesh, name, plans, ipv6));
}

/** Route configurations of a gateway, with the servers whose hosts stand in each. */
export function gatewayRouteNames(context: ProxyContext): ReadonlyMap<string, GatewayListener> {
  const named = new Map<string, GatewayListener>();
  for (const listener of portsOfGateway(context.snapshot, context.workload)) {
    if (layerOf(listener.protocol) === "http") named.set(gatewayRoutes(listener.port), listener);
    for (const bound of listener.servers) {
      const plan = tlsPlan(listener, bound);
      if (plan !== undefined) named.set(plan.routes, { ...listener, servers: [bound] });
    }
  }
  return named;
}

/** One chain: requests by a route configuration, or bytes to clusters, for some server names or for all. */
type ChainPlan = { readonly origins: readonly ObjectRef[] } & (
  | { readonly type: "http"; readonly routes: string; readonly grpcWeb: boolean }
  | {
      readonly type: "https";
      readonly routes: string;
      readonly grpcWeb: false;
      readonly serverNames: readonly string[];
      readonly server: BoundServer["server"];
    }
  | {
      readonly type: "bytes";
      readonly serverNames: readonly string[];
      readonly shares: readonly TcpShare[];
      readonly lifetime: Lifetime;
      /** Whose TLS ends here; undefined where the bytes are passed on as they come. */
      readonly server?: BoundServer["server"];
    }
);

function chainPlans(context: ProxyContext, listener: GatewayListener): readonly ChainPlan[] {
  const { port, protocol, servers } = listener;
  if (layerOf(protocol) === "http") {
    const isGrpcWeb = servers.some(({ server }) => serverProtocol(server) === "grpc-web");
    const origins = servers.map(({ gateway }) => gateway);
    return [{ type: "http", routes: gatewayRoutes(port), grpcWeb: isGrpcWeb, origins }];
  }
  const isTls = protocol === "https" || protocol === "tls";
  const plans = servers.flatMap((bound): readonly ChainPlan[] => {
    // PASSTHROUGH is what no mode means.
    if (isTls && (bound.server.tls?.mode ?? "PASSTHROUGH") === "PASSTHROUGH") return sniPlans(context, bound);
    const plan = tlsPlan(listener, bound);
    if (plan !== undefined) return [plan];
    const isOpened = serverTls(bound.server.tls, "tcp") !== undefined && !isHttps(bound);
    return isOpened || !isTls ? tcpPlans(context, bound, isOpened) : [];
  });
  return distinct(plans);
}

/** A server that ends TLS itself, with certificates that this proxy has. */
function tlsPlan({ port }: GatewayListener, { server, gateway, hosts }: BoundServer) {
  if (!isHttps({ server }) || serverTls(server.tls, "http") === undefined) return undefined;
  const routes = gatewayRoutes(port, `${server.port.name}.${gateway.name}.${gateway.namespace}`);
  const serverNames = serverNamesOf(hosts.map(({ host }) => host));
  return { type: "https" as const, routes, grpcWeb: false as const, serverNames, server, origins: [gateway] };
}

/** Requests come out of HTTPS; out of other TLS come bytes, which need rules of their own. */
const isHttps = ({ server }: Pick<BoundServer, "server">): boolean => server.port.protocol.toUpperCase() === "HTTPS";

/** TLS that passes through unopened, by the rules of all VirtualServices bound to a server. */
function sniPlans(context: ProxyContext, bound: BoundServer): readonly ChainPlan[] {
  return callsOf(context, bound).flatMap(({ owner, query }) =>
    tlsRulesOf(context.snapshot, owner, query).flatMap((rule) => {
      const names = new Set(rule.matches.flatMap(({ sniHosts }) => sniHosts.map((name) => name.toLowerCase())));
      const plan = bytesPlan(context, bound, rule);
      const named = [...names].filter((name) => name !== "*");
      // A chain for all alone would leave the other names to narrower chains of later rules.
      const chains = [...(named.length > 0 ? [named] : []), ...(names.has("*") ? [[]] : [])];
      return chains.map((serverNames) => ({ ...plan, serverNames }));
    }),
  );
}

/**
 * The oldest rule gets all connections: they have nothing to be told apart by, but the names that they call where TLS is
 * opened.
 */
function tcpPlans(context: ProxyContext, bound: BoundServer, isOpened: boolean): readonly ChainPlan[] {
  const [rule] = callsOf(context, bound).flatMap(({ owner, query }) => tcpRulesOf(context.snapshot, owner, query));
  if (rule === undefined) return [];
  const plan = bytesPlan(context, bound, rule);
  if (!isOpened) return [{ ...plan, serverNames: [] }];
  const { server, hosts } = bound;
  return [{ ...plan, serverNames: serverNamesOf(hosts.map(({ host }) => host)), server }];
}

function bytesPlan(
  { snapshot, workload }: ProxyContext,
  { gateway }: BoundServer,
  rule: ResolvedTcpRule | ResolvedTlsRule,
) {
  const shares = sharesOf(rule);
  const lifetime = lifetimeOf(snapshot, workload, shares);
  return { type: "bytes" as const, shares, lifetime, origins: [gateway, rule.origin] };
}

/** For each VirtualService that has a host in common with a server that it is bound to, oldest first: a call. */
function callsOf({ snapshot, workload: view }: ProxyContext, { server, gateway, hosts }: BoundServer) {
  const name = `${gateway.namespace}/${gateway.name}`;
  return snapshot.virtualServices.flatMap((owner) => {
    const { spec, metadata } = owner;
    if (spec.gateways?.includes(name) !== true) return [];
    if (!isVisible(spec.exportTo ?? [], metadata.namespace, view.namespace)) return [];
    const [common] = (spec.hosts ?? []).flatMap((wanted) =>
      hosts.flatMap(({ namespace, host }) =>
        namespace === "*" || namespace === metadata.namespace ? (hostsInCommon(host, wanted) ?? []) : [],
      ),
    );
    if (common === undefined) return [];
    return [{ owner, query: { view, host: hostname(common), port: server.port.number, gateway: name } }];
  });
}

/** Envoy refuses a listener with two chains for the same connections: the first one keeps them. */
function distinct(plans: readonly ChainPlan[]): readonly ChainPlan[] {
  const taken = new Set<string>();
  return plans.flatMap((plan): readonly ChainPlan[] => {
    if (plan.type === "http") return [plan];
    const names = plan.serverNames.length === 0 ? [""] : plan.serverNames;
    const free = names.filter((name) => !taken.has(name));
    for (const name of free) taken.add(name);
    return free.length === 0 ? [] : [{ ...plan, serverNames: free.filter((name) => name !== "") }];
  });
}

/** Server names for a chain; a host that is for everything needs none. */
function serverNamesOf(hosts: readonly string[]): readonly string[] {
  return hosts.includes("*") ? [] : [...new Set(hosts)];
}

const encoded = remembering<EncodedResource>();

function encodeListener(mesh: MeshSettings, name: string, plans: readonly ChainPlan[], ipv6: boolean): EncodedResource {
  const port = parseListenerName(name)?.port ?? 0;
  const looksAtTls = plans.some(
    (plan) => plan.type === "https" || (plan.type === "bytes" && plan.serverNames.length > 0),
  );
  const message = listenerAt(
    { name, port, direction: "outbound", ipv6 },
    {
      listenerFilters: looksAtTls ? [tlsInspector()] : [],
      filterChains: plans.map((plan) => chainOf(mesh, name, plan)),
    },
  );
  const clusters = plans.flatMap((plan) => (plan.type === "bytes" ? plan.shares.map(({ cluster }) => cluster) : []));
  const provenance = plans.flatMap(({ origins }) => origins);
  return encode(typeUrls.listener, name, ListenerSchema, { message, needs: clusterNeeds(clusters), provenance });
}

function chainOf(mesh: MeshSettings, name: string, plan: ChainPlan): FilterChain {
  if (plan.type === "bytes") {
    const shares = plan.shares.length === 0 ? [{ cluster: blackHoleCluster, weight: 1 }] : plan.shares;
    const match = plan.serverNames.length === 0 ? undefined : { serverNames: [...plan.serverNames] };
    const bytes = chain(plan.serverNames[0] ?? name, match, [tcpProxyTo(mesh, shares, plan.lifetime)]);
    return secured(bytes, serverTls(plan.server?.tls, "tcp")?.(mesh));
  }
  const manager = httpManager(mesh, {
    side: "gateway",
    statPrefix: `outbound_${name}`,
    routes: plan.routes,
    filters: [...(plan.grpcWeb ? [grpcWeb] : []), ...routeFilters],
  });
  if (plan.type === "http") return chain(name, undefined, [manager]);
  const match = plan.serverNames.length === 0 ? undefined : { serverNames: [...plan.serverNames] };
  return secured(chain(plan.routes, match, [manager]), serverTls(plan.server.tls, "http")?.(mesh));
}

function secured(made: FilterChain, socket: TransportSocket | undefined): FilterChain {
  if (socket !== undefined) made.transportSocket = socket;
  return made;
}
