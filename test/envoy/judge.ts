// A live Envoy as judge: give it one resource after the other over ADS, and hear whether it takes each.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { ads, socketAddress } from "../../envoy/address.ts";
import { extension } from "../../envoy/pack.ts";
import { Cluster_DiscoveryType, ClusterSchema } from "../../envoy/proto/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../envoy/proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../envoy/proto/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHostSchema } from "../../envoy/proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "../../envoy/proto/envoy/config/route/v3/route_pb.ts";
import { RouterSchema } from "../../envoy/proto/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "../../envoy/proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { type EncodedResource, type TypeUrl, typeUrls } from "../../envoy/resource.ts";
import { maxBodyBytes } from "../../envoy/routes/direct-response.ts";
import { parseDeltaRequest } from "../../xds/delta-request.ts";
import { encodeDeltaResponse } from "../../xds/delta-response.ts";
import { adsBootstrap, freePort, type LiveEnvoy, startEnvoy, until } from "./live-envoy.ts";

export interface Judge {
  /** Why Envoy refuses the resource; undefined: it takes it. */
  verdict(resource: EncodedResource): Promise<string | undefined>;
  /** The same for a listener that is to be there: with its own port, which must be free. */
  listen(listener: EncodedResource): Promise<string | undefined>;
  /** Where it listens, with the route configuration or virtual host that it was given last. */
  readonly port: number;
  stop(): Promise<void>;
}

/** The listener, route configuration and cluster into which everything is put that Envoy would not ask for by itself. */
const stage = "judge";

/** Start an Envoy that judges. */
export async function startJudge(): Promise<Judge> {
  const verdicts = new Map<string, (refusal: string | undefined) => void>();
  const subscribed = new Set<TypeUrl>();
  /** Of which clusters Envoy has asked for the endpoints. It asks once, and waits for them again when the cluster is another. */
  const clusters = new Set<string>();
  let stream: { write(bytes: Buffer): boolean } | undefined;
  let count = 0;
  const send = (type: TypeUrl, name: string, bytes: Uint8Array): Promise<string | undefined> => {
    const nonce = String(++count);
    const version = nonce;
    const resource: EncodedResource = { type, name, version, bytes, needs: [], provenance: [] };
    const answer = new Promise<string | undefined>((resolve) => verdicts.set(nonce, resolve));
    stream?.write(
      encodeDeltaResponse({ type, nonce, resources: [{ name, version, aliases: [], resource }], removed: [] }),
    );
    return answer;
  };
  const server = new grpc.Server();
  server.addService(deltaService, {
    delta: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      stream = call;
      call.on("error", () => undefined);
      call.on("data", (bytes: Buffer) => {
        const { nonce, refusal, type, subscribe } = parseDeltaRequest(bytes);
        if (type !== undefined) subscribed.add(type);
        verdicts.get(nonce)?.(refusal);
        // What waits for something holds up everything behind it.
        for (const name of subscribe.filter((one) => one !== stage)) {
          if (type === typeUrls.endpoints) {
            clusters.add(name);
            void send(type, name, noEndpoints(name));
          }
          if (type === typeUrls.route) void send(type, name, noRoutes(name));
          if (type === typeUrls.secret)
            stream?.write(encodeDeltaResponse({ type, nonce: "none", resources: [], removed: [name] }));
        }
      });
    },
  });
  const xdsPort = await bind(server);
  const envoy = await startEnvoy({ bootstrap: adsBootstrap({ xdsPort, nodeId: stage }) });
  const seen = (type: TypeUrl) => until(`Envoy asks for ${type}`, async () => subscribed.has(type) || undefined);
  await seen(typeUrls.cluster);
  await send(typeUrls.cluster, stage, stageCluster());
  await seen(typeUrls.endpoints);
  await send(typeUrls.endpoints, stage, noEndpoints(stage));
  await seen(typeUrls.listener);
  const port = await freePort();
  await send(typeUrls.listener, stage, stageListener(port));
  await seen(typeUrls.route);
  await send(typeUrls.route, stage, noRoutes(stage));
  return {
    port,
    verdict: async (resource) => {
      const { type, name, bytes } = staged(resource);
      const verdict = send(type, name, bytes);
      if (type === typeUrls.cluster && clusters.has(name)) void send(typeUrls.endpoints, name, noEndpoints(name));
      return verdict;
    },
    listen: async ({ type, name, bytes }) => send(type, name, bytes),
    stop: () => end(envoy, server),
  };
}

const deltaService: grpc.ServiceDefinition = {
  delta: {
    path: "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    requestStream: true,
    responseStream: true,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  },
};

/** Only what would keep the judge from seeing it is changed: names that it did not ask for, and ports that are not free. */
function staged({ type, name, bytes }: EncodedResource): Pick<EncodedResource, "type" | "name" | "bytes"> {
  switch (type) {
    case typeUrls.listener: {
      const listener = fromBinary(ListenerSchema, bytes);
      listener.bindToPort = false;
      return { type, name, bytes: toBinary(ListenerSchema, listener) };
    }
    case typeUrls.endpoints: {
      const endpoints = fromBinary(ClusterLoadAssignmentSchema, bytes);
      endpoints.clusterName = stage;
      return { type, name: stage, bytes: toBinary(ClusterLoadAssignmentSchema, endpoints) };
    }
    case typeUrls.route: {
      const routes = fromBinary(RouteConfigurationSchema, bytes);
      routes.name = stage;
      return { type, name: stage, bytes: toBinary(RouteConfigurationSchema, routes) };
    }
    case typeUrls.virtualHost: {
      const virtualHosts = [fromBinary(VirtualHostSchema, bytes)];
      const ofSidecars = { maxDirectResponseBodySizeBytes: maxBodyBytes };
      const routes = create(RouteConfigurationSchema, { name: stage, virtualHosts, ...ofSidecars });
      return { type: typeUrls.route, name: stage, bytes: toBinary(RouteConfigurationSchema, routes) };
    }
    case typeUrls.cluster:
    case typeUrls.secret:
      return { type, name, bytes };
  }
}

function noEndpoints(clusterName: string): Uint8Array {
  return toBinary(ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName }));
}

function noRoutes(name: string): Uint8Array {
  return toBinary(RouteConfigurationSchema, create(RouteConfigurationSchema, { name }));
}

function stageCluster(): Uint8Array {
  const cluster = create(ClusterSchema, {
    name: stage,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ads },
  });
  return toBinary(ClusterSchema, cluster);
}

function stageListener(port: number): Uint8Array {
  const manager = extension("http", HttpConnectionManagerSchema, {
    statPrefix: stage,
    routeSpecifier: { case: "rds", value: { routeConfigName: stage, configSource: ads } },
    httpFilters: [extension("router", RouterSchema, {})],
  });
  const address = socketAddress("127.0.0.1", port);
  return toBinary(
    ListenerSchema,
    create(ListenerSchema, { name: stage, address, filterChains: [{ filters: [manager] }] }),
  );
}

function bind(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

async function end(envoy: LiveEnvoy, server: grpc.Server): Promise<void> {
  await envoy.stop();
  server.forceShutdown();
}
