// Filters that carry bytes: to a cluster, to several by weight, or to one that is fetched for the address called.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { MeshSettings } from "../../model/snapshot.ts";
import { ads } from "../address.ts";
import { durationOf, milliseconds, positiveDuration } from "../duration.ts";
import { blackHoleCluster } from "../names.ts";
import { extension } from "../pack.ts";
import { type Filter, FilterSchema } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ConfigSchema } from "../proto/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.ts";
import { TcpProxySchema } from "../proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import type { Lifetime, TcpShare } from "../tcp-shares.ts";
import { accessLogs } from "./access-log.ts";
import { onDemandTimeoutMs } from "./http-filters.ts";

/**
 * How often a connection into the mesh is tried: as often as a request without a rule. The server takes a handshake that
 * comes very late for plain text (docs/adr/0008-first-bytes.md), and no byte of the application has been sent by then.
 */
const meshAttempts = 3;

/** Bytes to one cluster. */
export function tcpProxy(mesh: MeshSettings, cluster: string): Filter {
  return proxyTo(mesh, [{ cluster, weight: 1 }]);
}

/** Bytes to the clusters of services, by weight. */
export function tcpProxyTo(mesh: MeshSettings, shares: readonly TcpShare[], lifetime: Lifetime = {}): Filter {
  return proxyTo(mesh, shares, { hashPolicy: bySource, ...limitsOf(lifetime) });
}

/** A cluster cannot say it: its own idle timeout is for connections that nobody uses yet. */
function limitsOf({ idleTimeout, maxConnectionDuration }: Lifetime) {
  const idle = durationOf(idleTimeout);
  const longest = positiveDuration(maxConnectionDuration);
  return {
    ...(idle === undefined ? {} : { idleTimeout: idle }),
    ...(longest === undefined ? {} : { maxDownstreamConnectionDuration: longest }),
  };
}

/** What a cluster that keeps callers at one endpoint knows them by; others do not look. */
const bySource = [{ policySpecifier: { case: "sourceIp" as const, value: {} } }];

function proxyTo(
  mesh: MeshSettings,
  shares: readonly TcpShare[],
  more: MessageInitShape<typeof TcpProxySchema> = {},
): Filter {
  const taking = shares.filter(({ weight }) => weight > 0);
  const [only = { cluster: blackHoleCluster, weight: 1 }] = taking;
  const proxy = extension("envoy.filters.network.tcp_proxy", TcpProxySchema, {
    statPrefix: only.cluster,
    accessLog: accessLogs(mesh.config),
    clusterSpecifier:
      taking.length > 1
        ? {
            case: "weightedClusters",
            value: { clusters: taking.map(({ cluster, weight }) => ({ name: cluster, weight })) },
          }
        : { case: "cluster", value: only.cluster },
    ...more,
  });
  return create(FilterSchema, proxy);
}

/** Bytes to the cluster `tcp|ADDRESS:PORT` of the address that the application called, fetched at the first call. */
export function tcpOnDemand(mesh: MeshSettings, lifetime: Lifetime = {}): Filter[] {
  const chooseCluster = extension("envoy.filters.network.set_filter_state", ConfigSchema, {
    onNewConnection: [
      {
        key: { case: "objectKey", value: "envoy.tcp_proxy.cluster" },
        value: {
          case: "formatString",
          value: {
            format: {
              case: "textFormatSource",
              value: { specifier: { case: "inlineString", value: "tcp|%DOWNSTREAM_LOCAL_ADDRESS%" } },
            },
          },
        },
      },
    ],
  });
  const proxy = extension("envoy.filters.network.tcp_proxy", TcpProxySchema, {
    statPrefix: "outbound_tcp",
    accessLog: accessLogs(mesh.config),
    // Never used: the filter before this one has chosen.
    clusterSpecifier: { case: "cluster", value: blackHoleCluster },
    maxConnectAttempts: meshAttempts,
    hashPolicy: bySource,
    ...limitsOf(lifetime),
    onDemand: { odcdsConfig: ads, timeout: milliseconds(onDemandTimeoutMs) },
  });
  return [create(FilterSchema, chooseCluster), create(FilterSchema, proxy)];
}
