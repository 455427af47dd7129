// The whole translation, by name: which resources a proxy gets unasked, and what each of them is.
import { memoize } from "../base/memo.ts";
import { questionsIn } from "../model/sidecar.ts";
import { addressClusterFor } from "./clusters/address.ts";
import { builtInCluster, ownPortCluster, probeClusterFor } from "./clusters/fixed-clusters.ts";
import { outboundClusterFor } from "./clusters/outbound.ts";
import { endpointsFor } from "./endpoints.ts";
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
import { contextOf, type ProxyContext } from "./proxy-context.ts";
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "./resource.ts";
import { gatewayRoutes } from "./routes/gateway.ts";
import { outboundRoutes } from "./routes/outbound.ts";
import { virtualHostFor, virtualHostName } from "./routes/virtual-host.ts";
import type { Translator } from "./translator.ts";

/** The translation of a snapshot for a proxy. */
export const translator: Translator = {
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
};

const resourceFor = memoize((context: ProxyContext, type: TypeUrl, name: string): EncodedResource | undefined => {
  switch (type) {
    case typeUrls.listener:
      return listenerFor(context, name);
    case typeUrls.route:
      return routesFor(context, name);
    case typeUrls.virtualHost:
      return context.type === "sidecar" ? virtualHostFor(context, name) : undefined;
    case typeUrls.cluster:
      return clusterFor(context, name);
    case typeUrls.endpoints:
      return endpointsFor(context, name);
    case typeUrls.secret:
      return undefined;
  }
});

const eagerFor = memoize((context: ProxyContext): readonly ResourceName[] => {
  const listeners = listenerNames(context).map((name) => ({ type: typeUrls.listener, name }));
  const clusters = clusterNames(context, listeners).map((name) => ({ type: typeUrls.cluster, name }));
  return [...clusters, ...listeners];
});

function listenerNames(context: ProxyContext): readonly string[] {
  if (context.type === "gateway") return gatewayListenerNames(context);
  const probes = Object.keys(context.workload.probes).length === 0 ? [] : [probeListener];
  return [...outboundListenerNames(context), virtualInbound, ...probes];
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
  if (context.type === "gateway") return gatewayListener(context, name);
  if (name === virtualInbound) return inboundListener(context);
  if (name === probeListener) return probesListener(context);
  return outboundListener(context, name);
}

function routesFor(context: ProxyContext, name: string): EncodedResource | undefined {
  if (context.type === "sidecar") return outboundRoutes(context, name);
  const listener = gatewayRouteNames(context).get(name);
  return listener === undefined ? undefined : gatewayRoutes(context, name, listener);
}

function clusterFor(context: ProxyContext, name: string): EncodedResource | undefined {
  return (
    builtInCluster(context, name) ??
    outboundClusterFor(context, name) ??
    addressClusterFor(context, name) ??
    ownPortCluster(context, name) ??
    probeClusterFor(context, name)
  );
}
