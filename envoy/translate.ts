// The whole translation, by name: which resources a proxy gets unasked, and what each of them is.
import { memoize } from "../base/memo.ts";
import { questionsIn } from "../model/sidecar.ts";
import { addressClusterFor } from "./clusters/address.ts";
import { builtInCluster, ownPortCluster, probeClusterFor } from "./clusters/fixed-clusters.ts";
import { outboundClusterFor } from "./clusters/outbound.ts";
import { addressEndpoints, targetEndpoints } from "./endpoints.ts";
import { inboundPorts } from "./inbound-ports.ts";
import { gatewayListener, gatewayListenerNames, gatewayRouteNames } from "./listeners/gateway.ts";
import { inboundListener } from "./listeners/inbound.ts";
import { outboundListener, outboundListenerNames } from "./listeners/outbound.ts";
import { clusterOfProbe, probesListener } from "./listeners/probes.ts";
import {
  blackHoleCluster,
  externalRoutes,
  inboundCluster,
  inboundPassthroughCluster,
  parseListenerName,
  passthroughCluster,
  probeListener,
  virtualInbound,
} from "./names.ts";
import {
  contextOf,
  hostContext,
  type InboundContext,
  inboundContext,
  outboundContext,
  type ProxyContext,
  targetContext,
} from "./proxy-context.ts";
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "./resource.ts";
import { gatewayRoutes } from "./routes/gateway.ts";
import { outboundRoutes } from "./routes/outbound.ts";
import { everyVirtualHost, virtualHostFor, virtualHostName } from "./routes/virtual-host.ts";
import type { Translator } from "./translator.ts";

/** The translation of a snapshot for a proxy. */
export const translator: Translator = {
  knows: (snapshot, proxy) => contextOf(snapshot, proxy) !== undefined,
  eager(snapshot, proxy) {
    const context = contextOf(snapshot, proxy);
    return context === undefined ? [] : eagerFor(context);
  },
  resource(snapshot, proxy, type, name) {
    const context = contextOf(snapshot, proxy);
    return context === undefined ? undefined : resourceFor(context, type, name);
  },
  virtualHostName(snapshot, proxy, asked) {
    const context = contextOf(snapshot, proxy);
    return context === undefined ? asked : virtualHostName(snapshot, context.workload, asked);
  },
  everyHost: (snapshot, { type, namespace }) =>
    type === "sidecar" ? everyVirtualHost(snapshot.services, namespace) : [],
};

/** Each sort of resource is remembered by the parts of the snapshot that it is made from, and lives as long as they do. */
const resourceFor = (context: ProxyContext, type: TypeUrl, name: string): EncodedResource | undefined => {
  switch (type) {
    case typeUrls.listener:
      return listenerFor(context, name);
    case typeUrls.route:
      return routesFor(context, name);
    case typeUrls.virtualHost:
      return context.type === "sidecar" ? virtualHosts(hostContext(context), name) : undefined;
    case typeUrls.cluster:
      return clusterFor(context, name);
    case typeUrls.endpoints:
      return targetEndpointsIn(targetContext(context), name) ?? addressEndpointsIn(context, name);
    case typeUrls.secret:
      return undefined;
  }
};

const virtualHosts = memoize(virtualHostFor);
const targetEndpointsIn = memoize(targetEndpoints);
const addressEndpointsIn = memoize(addressEndpoints);
const targetClusters = memoize(outboundClusterFor);
const addressClusters = memoize(addressClusterFor);
const outboundListeners = memoize(outboundListener);
const outboundRoutesIn = memoize(outboundRoutes);
const gatewayListeners = memoize(gatewayListener);
const gatewayRoutesIn = memoize((context: ProxyContext, name: string): EncodedResource | undefined => {
  const listener = gatewayRouteNames(context).get(name);
  return listener === undefined ? undefined : gatewayRoutes(context, name, listener);
});
const inboundListeners = memoize((context: InboundContext, name: string): EncodedResource | undefined => {
  if (name === virtualInbound) return inboundListener(context);
  return name === probeListener ? probesListener(context) : undefined;
});
const inboundClusters = memoize(
  (context: InboundContext, name: string): EncodedResource | undefined =>
    builtInCluster(context, name) ?? ownPortCluster(context, name) ?? probeClusterFor(context, name),
);

const eagerFor = memoize((context: ProxyContext): readonly ResourceName[] => {
  const listeners = listenerNames(context).map((name) => ({ type: typeUrls.listener, name }));
  const clusters = clusterNames(context, listeners).map((name) => ({ type: typeUrls.cluster, name }));
  return [...clusters, ...listeners];
});

function listenerNames(context: ProxyContext): readonly string[] {
  if (context.type === "gateway") return gatewayListenerNames(context);
  const probes = Object.keys(context.workload.probes).length === 0 ? [] : [probeListener];
  return [...outboundListenerNames(outboundContext(context)), virtualInbound, ...probes];
}

/** Clusters that are named by what the proxy gets unasked. */
function clusterNames(context: ProxyContext, listeners: readonly ResourceName[]): readonly string[] {
  const { snapshot, workload } = context;
  const names = new Set([passthroughCluster, blackHoleCluster]);
  if (context.type === "sidecar") {
    names.add(inboundPassthroughCluster);
    for (const { number } of inboundPorts(snapshot, workload)) names.add(inboundCluster(number));
    for (const probe of questionsIn(workload.probes)) names.add(clusterOfProbe(probe));
  }
  const routes = routeNames(context, listeners).map((name) => ({ type: typeUrls.route, name }));
  for (const { type, name } of [...listeners, ...routes]) {
    for (const need of resourceFor(context, type, name)?.needs ?? [])
      if (need.type === typeUrls.cluster) names.add(need.name);
  }
  return [...names];
}

/** Route configurations whose hosts are written out. */
function routeNames(context: ProxyContext, listeners: readonly ResourceName[]): readonly string[] {
  if (context.type === "gateway") return [...gatewayRouteNames(context).keys()];
  return listeners.flatMap(({ name }) => {
    const place = parseListenerName(name);
    return place?.address === "0.0.0.0" ? [externalRoutes(place.port)] : [];
  });
}

function listenerFor(context: ProxyContext, name: string): EncodedResource | undefined {
  if (context.type === "gateway") return gatewayListeners(context, name);
  return outboundListeners(outboundContext(context), name) ?? inboundListeners(inboundContext(context), name);
}

function routesFor(context: ProxyContext, name: string): EncodedResource | undefined {
  return context.type === "gateway" ? gatewayRoutesIn(context, name) : outboundRoutesIn(outboundContext(context), name);
}

function clusterFor(context: ProxyContext, name: string): EncodedResource | undefined {
  return (
    targetClusters(targetContext(context), name) ??
    inboundClusters(inboundContext(context), name) ??
    addressClusters(context, name)
  );
}
