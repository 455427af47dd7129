// Clusters that every proxy has, and those of the workload's own ports and probes.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../../base/memo.ts";
import type { Protocol } from "../../model/protocol.ts";
import { type ApplicationProbe, questionsIn } from "../../model/sidecar.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import { milliseconds } from "../duration.ts";
import { encode } from "../encode.ts";
import { inboundPorts } from "../inbound-ports.ts";
import { clusterOfProbe } from "../listeners/probes.ts";
import {
  blackHoleCluster,
  inboundCluster,
  inboundPassthroughCluster,
  parseInboundCluster,
  passthroughCluster,
} from "../names.ts";
import { extension } from "../pack.ts";
import { type Cluster, ClusterSchema } from "../proto/envoy/config/cluster/v3/cluster_pb.ts";
import { TransportSocketSchema } from "../proto/envoy/config/core/v3/base_pb.ts";
import { type HealthCheck, HealthCheckSchema } from "../proto/envoy/config/core/v3/health_check_pb.ts";
import { UpstreamTlsContextSchema } from "../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { InboundContext } from "../proxy-context.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { clusterOf, endpointAt, inboundBind } from "./cluster.ts";
import { type Carrier, carrierOf } from "./protocol-options.ts";

/** PassthroughCluster, BlackHoleCluster and InboundPassthroughCluster; undefined for any other name. */
export function builtInCluster({ snapshot, ipv6 }: InboundContext, name: string): EncodedResource | undefined {
  switch (name) {
    case passthroughCluster:
      return encodePassthrough(snapshot.mesh);
    case blackHoleCluster:
      return encodeBlackHole(snapshot.mesh);
    case inboundPassthroughCluster:
      return encodeInbound(snapshot.mesh, name, "sniffed", ipv6);
    default:
      return undefined;
  }
}

/** `inbound|PORT||` of a port that the workload has. */
export function ownPortCluster(
  { snapshot, workload, ipv6 }: InboundContext,
  name: string,
): EncodedResource | undefined {
  const number = parseInboundCluster(name);
  const port = inboundPorts(snapshot, workload).find((one) => one.number === number);
  return port === undefined
    ? undefined
    : encodeInbound(snapshot.mesh, inboundCluster(port.number), port.protocol, ipv6);
}

/** The cluster that one of the workload's probes asks: the application, at the pod's own address. */
export function probeClusterFor(
  { snapshot, workload, address }: InboundContext,
  name: string,
): EncodedResource | undefined {
  const probe = questionsIn(workload.probes).find((one) => clusterOfProbe(one) === name);
  return probe === undefined ? undefined : encodeProbe(probe, snapshot.mesh, address);
}

const encodePassthrough = memoize((mesh: MeshSettings) =>
  encoded(
    clusterOf(mesh, {
      name: passthroughCluster,
      source: { type: "original-destination" },
      carrier: "as-received",
      policy: {},
    }),
  ),
);

const encodeBlackHole = memoize((mesh: MeshSettings) =>
  encoded(
    clusterOf(mesh, {
      name: blackHoleCluster,
      source: { type: "static", endpoints: [] },
      carrier: "bytes",
      policy: {},
    }),
  ),
);

const encodeInbound = memoize((mesh: MeshSettings, name: string, protocol: Protocol, ipv6: boolean) => {
  const carrier = carrierOf(protocol, {});
  const cluster = clusterOf(mesh, { name, source: { type: "original-destination" }, carrier, policy: {} });
  cluster.upstreamBindConfig = inboundBind(ipv6);
  return encoded(cluster);
});

const encodeProbe = memoize((probe: ApplicationProbe, mesh: MeshSettings, address: string) => {
  const carrier: Carrier = probe.type === "tcp" ? "bytes" : probe.type === "grpc" ? "http2" : "http1";
  const cluster = clusterOf(mesh, {
    name: clusterOfProbe(probe),
    source: { type: "static", endpoints: [endpointAt(address, probe.port)] },
    carrier,
    policy: {},
  });
  cluster.upstreamBindConfig = inboundBind(address.includes(":"));
  if (probe.type !== "http") cluster.healthChecks = [healthCheck(probe)];
  else if (probe.https) cluster.transportSocket = unverifiedTls;
  return encoded(cluster);
});

/** TLS without verification, as the kubelet itself does it. */
const unverifiedTls = create(
  TransportSocketSchema,
  extension("envoy.transport_sockets.tls", UpstreamTlsContextSchema, {}),
);

/** Often enough for a kubelet that asks every second. */
const checkIntervalMs = 1_000;
/** An application that just came up must not be late for the kubelet's next question. */
const unhealthyIntervalMs = 200;

function healthCheck(probe: Exclude<ApplicationProbe, { type: "http" }>): HealthCheck {
  return create(HealthCheckSchema, {
    timeout: milliseconds(probe.timeoutSeconds * 1_000),
    interval: milliseconds(checkIntervalMs),
    // Without these a cluster that carries no traffic, as this one, is looked at once a minute only.
    noTrafficInterval: milliseconds(unhealthyIntervalMs),
    noTrafficHealthyInterval: milliseconds(checkIntervalMs),
    unhealthyThreshold: 1,
    healthyThreshold: 1,
    healthChecker:
      probe.type === "tcp"
        ? { case: "tcpHealthCheck", value: {} }
        : // Envoy would send the cluster's name, whose "|" servers refuse.
          { case: "grpcHealthCheck", value: { serviceName: probe.service, authority: "localhost" } },
  });
}

function encoded(message: Cluster): EncodedResource {
  return encode(typeUrls.cluster, message.name, ClusterSchema, { message });
}
