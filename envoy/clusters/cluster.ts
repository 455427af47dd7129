// What all clusters have in common: limits, time to connect, protocol, and where their endpoints come from.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import { ads, socketAddress } from "../address.ts";
import { milliseconds, positiveDuration } from "../duration.ts";
import { extension } from "../pack.ts";
import {
  type Cluster,
  Cluster_CommonLbConfigSchema,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../proto/envoy/config/cluster/v3/cluster_pb.ts";
import { type BindConfig, BindConfigSchema } from "../proto/envoy/config/core/v3/address_pb.ts";
import type { UpstreamHttpProtocolOptionsSchema } from "../proto/envoy/config/core/v3/protocol_pb.ts";
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpoints,
} from "../proto/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import { GetAddrInfoDnsResolverConfigSchema } from "../proto/envoy/extensions/network/dns_resolver/getaddrinfo/v3/getaddrinfo_dns_resolver_pb.ts";
import { circuitBreakers } from "./circuit-breakers.ts";
import { balanceLoad } from "./load-balancing.ts";
import { outlierDetection, panicPercent } from "./outlier-detection.ts";
import { type Carrier, protocolOptions } from "./protocol-options.ts";

/** Where a cluster's endpoints come from. */
export type Source =
  | { readonly type: "eds" }
  | { readonly type: "static"; readonly endpoints: readonly LbEndpoint[] }
  | { readonly type: "dns"; readonly roundRobin: boolean; readonly groups: readonly LocalityLbEndpoints[] }
  /** `port`: in place of the one that was called. */
  | { readonly type: "original-destination"; readonly port?: number };

export interface ClusterParts {
  readonly name: string;
  readonly source: Source;
  readonly carrier: Carrier;
  readonly policy: TrafficPolicy;
  /** What each request tells of its server. */
  readonly requests?: MessageInitShape<typeof UpstreamHttpProtocolOptionsSchema> | undefined;
}

/** A cluster without TLS. */
export function clusterOf(mesh: MeshSettings, { name, source, carrier, policy, requests }: ClusterParts): Cluster {
  const connectTimeout = policy.connectionPool?.tcp?.connectTimeout ?? mesh.config.connectTimeout;
  const cluster = create(ClusterSchema, {
    name,
    connectTimeout: positiveDuration(connectTimeout) ?? milliseconds(10_000),
    circuitBreakers: circuitBreakers(policy),
    typedExtensionProtocolOptions: protocolOptions(carrier, policy, requests),
    ...discovery(mesh, name, source),
    ...keepalive(policy),
  });
  if (source.type !== "original-destination") balanceLoad(cluster, policy.loadBalancer);
  const { outlierDetection: outlier } = policy;
  if (outlier !== undefined) {
    cluster.outlierDetection = outlierDetection(outlier);
    cluster.commonLbConfig = create(Cluster_CommonLbConfigSchema, {
      healthyPanicThreshold: { value: panicPercent(outlier) },
    });
  }
  return cluster;
}

/** An endpoint by address alone. */
export function endpointAt(address: string, port: number): LbEndpoint {
  return create(LbEndpointSchema, {
    hostIdentifier: { case: "endpoint", value: { address: socketAddress(address, port) } },
  });
}

/** All of these in one group. */
export function assignment(clusterName: string, endpoints: readonly LbEndpoint[]): ClusterLoadAssignment {
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: endpoints.length === 0 ? [] : [{ lbEndpoints: [...endpoints] }],
  });
}

/**
 * Where connections into the own pod come from: the redirect rules let these pass instead of sending them round again.
 */
export function inboundBind(ipv6: boolean): BindConfig {
  const source = (address: string) => ({ address, portSpecifier: { case: "portValue" as const, value: 0 } });
  return create(BindConfigSchema, {
    sourceAddress: source("127.0.0.6"),
    extraSourceAddresses: ipv6 ? [{ address: source("::6") }] : [],
  });
}

function discovery(mesh: MeshSettings, name: string, source: Source) {
  switch (source.type) {
    case "eds":
      return {
        clusterDiscoveryType: { case: "type" as const, value: Cluster_DiscoveryType.EDS },
        edsClusterConfig: { edsConfig: ads, serviceName: name },
      };
    case "static":
      return {
        clusterDiscoveryType: { case: "type" as const, value: Cluster_DiscoveryType.STATIC },
        loadAssignment: assignment(name, source.endpoints),
      };
    case "dns":
      return {
        clusterDiscoveryType: {
          case: "type" as const,
          value: source.roundRobin ? Cluster_DiscoveryType.LOGICAL_DNS : Cluster_DiscoveryType.STRICT_DNS,
        },
        loadAssignment: create(ClusterLoadAssignmentSchema, {
          clusterName: name,
          endpoints: source.roundRobin ? onlyFirst(source.groups) : [...source.groups],
        }),
        dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
        dnsRefreshRate: positiveDuration(mesh.config.dnsRefreshRate) ?? milliseconds(60_000),
        typedDnsResolverConfig: systemResolver,
      };
    case "original-destination":
      return {
        clusterDiscoveryType: { case: "type" as const, value: Cluster_DiscoveryType.ORIGINAL_DST },
        lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
        ...(source.port === undefined
          ? {}
          : { lbConfig: { case: "originalDstLbConfig" as const, value: { upstreamPortOverride: source.port } } }),
      };
  }
}

/** Envoy takes one endpoint only where it does not keep all addresses of a name. */
function onlyFirst([group]: readonly LocalityLbEndpoints[]): LocalityLbEndpoints[] {
  return group === undefined ? [] : [{ ...group, lbEndpoints: group.lbEndpoints.slice(0, 1) }];
}

/** The C library's resolver: the pod's hosts file and resolv.conf count as they do for the application. */
const systemResolver = (() => {
  const { name, configType } = extension(
    "envoy.network.dns_resolver.getaddrinfo",
    GetAddrInfoDnsResolverConfigSchema,
    {},
  );
  return { name, typedConfig: configType.value };
})();

function keepalive({ connectionPool }: TrafficPolicy) {
  const settings = connectionPool?.tcp?.tcpKeepalive;
  if (settings === undefined) return {};
  const seconds = (text: string | undefined) => Number(positiveDuration(text)?.seconds ?? 0n);
  const [time, interval] = [seconds(settings.time), seconds(settings.interval)];
  const tcpKeepalive = {
    ...(settings.probes === undefined || settings.probes === 0 ? {} : { keepaliveProbes: settings.probes }),
    ...(time === 0 ? {} : { keepaliveTime: time }),
    ...(interval === 0 ? {} : { keepaliveInterval: interval }),
  };
  return { upstreamConnectionOptions: { tcpKeepalive } };
}
