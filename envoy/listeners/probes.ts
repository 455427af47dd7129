// Answering the kubelet in the application's place: it asks 15020, where mutual TLS is not in its way.
import { create } from "@bufbuild/protobuf";
import {
  type ApplicationProbe,
  applicationsOf,
  type HttpProbe,
  type ProbeTable,
  questionsIn,
  sidecarPorts,
} from "../../model/sidecar.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import { milliseconds } from "../duration.ts";
import { clusterNeeds, encode } from "../encode.ts";
import { probeCluster, probeListener } from "../names.ts";
import { extension, type NamedExtension } from "../pack.ts";
import { HeaderValueOption_HeaderAppendAction } from "../proto/envoy/config/core/v3/base_pb.ts";
import { ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import { type Route, RouteSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "../proto/envoy/config/route/v3/route_pb.ts";
import { HealthCheckSchema } from "../proto/envoy/extensions/filters/http/health_check/v3/health_check_pb.ts";
import type { InboundContext } from "../proxy-context.ts";
import { remembering } from "../remember.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { headerValue } from "../routes/headers.ts";
import { headerMatcher } from "../routes/match.ts";
import { httpManager } from "./http-manager.ts";
import { chain, listenerAt } from "./listener.ts";
import { mergedMetrics, ownMetrics } from "./metrics.ts";

/** The name of the cluster that a probe asks. */
export function clusterOfProbe(probe: ApplicationProbe): string {
  switch (probe.type) {
    case "http":
      return probeCluster(probe.port, probe.https ? "https" : "http");
    case "tcp":
      return probeCluster(probe.port, `tcp.${probe.timeoutSeconds}s`);
    case "grpc":
      return probeCluster(probe.port, `grpc.${probe.timeoutSeconds}s`, probe.service);
  }
}

/** The listener on 15020; undefined for a workload whose probes were not rewritten. */
export function probesListener({ snapshot, workload, ipv6 }: InboundContext): EncodedResource | undefined {
  if (Object.keys(workload.probes).length === 0) return undefined;
  const { mesh } = snapshot;
  return encoded(mesh, JSON.stringify([workload.probes, ipv6]), () => encodeProbes(mesh, workload.probes, ipv6));
}

const encoded = remembering<EncodedResource>();

function encodeProbes(mesh: MeshSettings, probes: ProbeTable, ipv6: boolean): EncodedResource {
  const entries = Object.entries(probes).sort(([a], [b]) => (a < b ? -1 : 1));
  const routes = create(RouteConfigurationSchema, {
    name: probeListener,
    // Clusters come in a message of their own, and may be late.
    validateClusters: false,
    virtualHosts: [
      {
        name: probeListener,
        domains: ["*"],
        routes: entries.flatMap(([path, entry]) => routeFor(path, entry) ?? []),
      },
    ],
  });
  const filters = entries.flatMap(([path, entry]) => filterFor(path, entry) ?? []);
  const manager = httpManager(mesh, { side: "probes", statPrefix: probeListener, routes, filters });
  const message = listenerAt(
    { name: probeListener, port: sidecarPorts.probes, direction: "inbound", ipv6 },
    { filterChains: [chain(probeListener, undefined, [manager])] },
  );
  const needs = clusterNeeds(questionsIn(Object.fromEntries(entries)).map(clusterOfProbe));
  return encode(typeUrls.listener, probeListener, ListenerSchema, { message, needs });
}

function routeFor(path: string, entry: ProbeTable[string]): Route | undefined {
  if (entry.type === "metrics") return ownMetrics(path);
  return entry.type === "http" ? probeRoute(path, entry) : undefined;
}

/** HTTP probes and hooks are asked on; a redirect counts as success without being followed, for its target is not on this port. */
function probeRoute(path: string, probe: HttpProbe): Route {
  const host = probe.host ?? probe.headers.find(({ name }) => name.toLowerCase() === "host")?.value;
  return create(RouteSchema, {
    match: { pathSpecifier: { case: "path", value: path } },
    action: {
      case: "route",
      value: {
        clusterSpecifier: { case: "cluster", value: clusterOfProbe(probe) },
        prefixRewrite: probe.path.startsWith("/") ? probe.path : `/${probe.path}`,
        timeout: milliseconds(probe.timeoutSeconds * 1_000),
        ...(host === undefined ? {} : { hostRewriteSpecifier: { case: "hostRewriteLiteral", value: host } }),
      },
    },
    requestHeadersToAdd: probe.headers
      .filter(({ name }) => name.toLowerCase() !== "host" && !name.startsWith(":"))
      .map(({ name, value }) => ({
        header: { key: name, value: headerValue(value) },
        appendAction: HeaderValueOption_HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
      })),
    responseHeadersToRemove: ["location"],
  });
}

function filterFor(path: string, entry: ProbeTable[string]): NamedExtension | undefined {
  if (entry.type === "http") return undefined;
  if (entry.type === "metrics") {
    const applications = applicationsOf(entry).map((probe) => ({ probe, cluster: clusterOfProbe(probe) }));
    return applications.length === 0 ? undefined : mergedMetrics(path, applications);
  }
  return healthFilter(path, clusterOfProbe(entry));
}

/** TCP and gRPC probes are answered by the state of a cluster that Envoy checks all the time. */
function healthFilter(path: string, cluster: string): NamedExtension {
  return extension("envoy.filters.http.health_check", HealthCheckSchema, {
    passThroughMode: false,
    headers: [headerMatcher(":path", { exact: path })],
    clusterMinHealthyPercentages: { [cluster]: { value: 100 } },
  });
}
