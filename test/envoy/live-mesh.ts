// A mesh for tests of xds/ with the real Envoy: resources written as Envoy's JSON, published by hand, served by the real server.
import { createHash } from "node:crypto";
import { createRegistry, type DescMessage, fromJson, type JsonValue, toBinary } from "@bufbuild/protobuf";
import { Registry } from "prom-client";
import { ClusterSchema } from "../../envoy/proto/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../envoy/proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../envoy/proto/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHostSchema } from "../../envoy/proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "../../envoy/proto/envoy/config/route/v3/route_pb.ts";
import { OnDemandSchema } from "../../envoy/proto/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.ts";
import { RouterSchema } from "../../envoy/proto/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "../../envoy/proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { TcpProxySchema } from "../../envoy/proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { SecretSchema } from "../../envoy/proto/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../../envoy/proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "../../envoy/resource.ts";
import type { Translator } from "../../envoy/translator.ts";
import { buildSnapshot } from "../../model/build.ts";
import { emptyWorld } from "../../model/world.ts";
import { newXdsMetrics } from "../../xds/metrics.ts";
import { startXdsServer, type XdsServer, type XdsServerOptions } from "../../xds/server.ts";

type JsonObject = { readonly [key: string]: JsonValue };

const schemas: Readonly<Record<TypeUrl, DescMessage>> = {
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.route]: RouteConfigurationSchema,
  [typeUrls.virtualHost]: VirtualHostSchema,
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.endpoints]: ClusterLoadAssignmentSchema,
  [typeUrls.secret]: SecretSchema,
};
const registry = createRegistry(
  HttpConnectionManagerSchema,
  RouterSchema,
  OnDemandSchema,
  TcpProxySchema,
  UpstreamTlsContextSchema,
  DownstreamTlsContextSchema,
);

/** A typed configuration. */
export const typed = (type: string, config: JsonObject = {}): JsonObject => ({
  "@type": `type.googleapis.com/envoy.extensions.${type}`,
  ...config,
});
export const fromAds: JsonObject = { ads: {}, resourceApiVersion: "V3" };
export const loopback = (port: number): JsonObject => ({ socketAddress: { address: "127.0.0.1", portValue: port } });

export interface LiveMesh {
  put(type: TypeUrl, name: string, json: JsonObject, needs?: readonly ResourceName[]): void;
  remove(type: TypeUrl, name: string): void;
  /** Tell all sessions that something changed. */
  publish(): void;
  /** Tell all sessions that secrets changed. */
  rotate(): void;
  readonly eager: ResourceName[];
  readonly options: Pick<XdsServerOptions, "translator" | "snapshots" | "secrets">;
}

export function newLiveMesh(): LiveMesh {
  const resources = new Map<string, EncodedResource>();
  const eager: ResourceName[] = [];
  const listeners = new Set<() => void>();
  const secretListeners = new Set<(identity: string | undefined) => void>();
  const snapshot = buildSnapshot(emptyWorld());
  const translator: Translator = {
    knows: () => true,
    everyHost: () => [],
    eager: () => eager,
    resource: (_snapshot, _proxy, type, name) => resources.get(`${type} ${name}`),
    virtualHostName: (_snapshot, _proxy, asked) => asked.replace(/:.*/, "").replace(/\.full$/, ""),
  };
  return {
    put(type, name, json, needs = []) {
      const bytes = toBinary(schemas[type], fromJson(schemas[type], json, { registry }));
      const version = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
      const provenance = [{ kind: "Test", namespace: "shop", name }];
      resources.set(`${type} ${name}`, { type, name, version, bytes, needs, provenance });
    },
    remove: (type, name) => void resources.delete(`${type} ${name}`),
    publish: () => {
      for (const listener of listeners) listener();
    },
    rotate: () => {
      for (const listener of secretListeners) listener(undefined);
    },
    eager,
    options: {
      translator,
      snapshots: { current: () => snapshot, subscribe: (listener) => subscribeTo(listeners, listener) },
      secrets: {
        get: (_owner, name, heldVersion) => {
          const secret = resources.get(`${typeUrls.secret} ${name}`);
          return secret !== undefined && secret.version === heldVersion ? "unchanged" : secret;
        },
        subscribe: (listener) => subscribeTo(secretListeners, listener),
      },
    },
  };
}

function subscribeTo<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A listener whose hosts of route configuration `route` come on demand. */
export function putOnDemandListener(mesh: LiveMesh, port: number, route: string): void {
  const onDemand = typed("filters.http.on_demand.v3.OnDemand", { odcds: { source: fromAds, timeout: "5s" } });
  const manager = typed("filters.network.http_connection_manager.v3.HttpConnectionManager", {
    statPrefix: route,
    rds: { routeConfigName: route, configSource: fromAds },
    httpFilters: [
      { name: "envoy.filters.http.on_demand", typedConfig: onDemand },
      { name: "router", typedConfig: typed("filters.http.router.v3.Router") },
    ],
  });
  putListener(mesh, `on-demand-${route}`, port, "hcm", manager);
  // So long that a test which depends on its passing would fail.
  const vhds = { configSource: { ...fromAds, initialFetchTimeout: "30s" } };
  mesh.put(typeUrls.route, route, { name: route, vhds });
}

/** A listener with one filter, given unasked. */
export function putListener(mesh: LiveMesh, name: string, port: number, filter: string, typedConfig: JsonObject): void {
  mesh.put(typeUrls.listener, name, {
    name,
    address: loopback(port),
    filterChains: [{ filters: [{ name: filter, typedConfig }] }],
  });
  mesh.eager.push({ type: typeUrls.listener, name });
}

/** A cluster whose endpoints come by EDS; `extra` goes into the Cluster, `needs` beside its endpoints. */
export function putCluster(
  mesh: LiveMesh,
  name: string,
  port: number,
  extra: JsonObject = {},
  needs: readonly ResourceName[] = [],
): void {
  const cluster = { name, type: "EDS", edsClusterConfig: { edsConfig: fromAds }, connectTimeout: "2s", ...extra };
  mesh.put(typeUrls.cluster, name, cluster, [{ type: typeUrls.endpoints, name }, ...needs]);
  const endpoint = { endpoint: { address: loopback(port) } };
  mesh.put(typeUrls.endpoints, name, { clusterName: name, endpoints: [{ lbEndpoints: [endpoint] }] });
}

/** A virtual host "ROUTE/HOST" that sends everything to one cluster. */
export function putHost(
  mesh: LiveMesh,
  name: string,
  cluster: string,
  action: JsonObject = {},
  others: string[] = [],
): void {
  const host = name.split("/")[1] ?? "";
  const routes = [{ match: { prefix: "/" }, route: { cluster, ...action } }];
  const needs = [cluster, ...others].map((one) => ({ type: typeUrls.cluster, name: one }));
  mesh.put(typeUrls.virtualHost, name, { name, domains: [host, `${host}.full`], routes }, needs);
}

/** What is not given goes nowhere. */
export type MeshLog = Partial<XdsServerOptions["log"]>;

/** The server, with everybody let in as a pod of the workload that the node id names: "WORKLOAD~POD". */
export async function serveMesh(
  mesh: LiveMesh,
  port = 0,
  log: MeshLog = {},
): Promise<{ readonly server: XdsServer; readonly port: number; readonly metrics: Registry }> {
  const metrics = new Registry();
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const server = await startXdsServer(
    {
      ...mesh.options,
      authenticate: ({ nodeId }) => {
        const [workload = "", pod = ""] = nodeId.split("~");
        const proxy = { type: "sidecar", namespace: "shop", pod, address: "127.0.0.1" } as const;
        return Promise.resolve({
          ok: true,
          proxy,
          identity: `spiffe://cluster.local/ns/shop/sa/${workload}`,
          workload,
        });
      },
      metrics: newXdsMetrics(metrics),
      log: { ...quiet, ...log },
      now: () => performance.now(),
      setTimer: (ms, run) => {
        const timer = setTimeout(run, ms);
        return () => clearTimeout(timer);
      },
      plaintext: { host: "127.0.0.1", port },
    },
    new AbortController().signal,
  );
  return { server, port: server.plaintextPort ?? 0, metrics };
}

/** How many responses of each type a server has sent. */
export async function pushes(metrics: Registry): Promise<Readonly<Record<string, number>>> {
  const metric = await metrics.getSingleMetric("pillion_xds_pushes_total")?.get();
  return Object.fromEntries((metric?.values ?? []).map(({ labels, value }) => [String(labels["type"]), value]));
}
