// `outbound|PORT|SUBSET|HOST`: a port of a service, or of one of its subsets, as one caller reaches it.
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import { memoize } from "../../base/memo.ts";
import { destinationRuleFor, type ResolvedDestinationRule, trafficPolicyFor } from "../../model/destination-rules.ts";
import { visibleService } from "../../model/hosts.ts";
import type { MeshService, ServicePort } from "../../model/service.ts";
import type { MeshSettings, TargetParts } from "../../model/snapshot.ts";
import { encode } from "../encode.ts";
import { type ChosenEndpoint, chooseEndpoints, localityGroups } from "../load-assignment.ts";
import { meshServerName, type OutboundName, parseOutboundCluster } from "../names.ts";
import { ClusterSchema } from "../proto/envoy/config/cluster/v3/cluster_pb.ts";
import type { EndpointParts, ProxyContext, TargetContext } from "../proxy-context.ts";
import { type EncodedResource, type ResourceName, typeUrls } from "../resource.ts";
import { endpointsOf, identitiesOf, takesMeshTls } from "../service-endpoints.ts";
import { namedByRequests } from "./client-tls.ts";
import { clusterOf, type Source } from "./cluster.ts";
import { isPassthrough } from "./load-balancing.ts";
import { type Peers, secure } from "./mutual-tls.ts";
import { carrierOf } from "./protocol-options.ts";

/** What a name of a cluster means to a proxy. */
export interface OutboundTarget {
  readonly name: OutboundName;
  readonly service: MeshService;
  readonly port: ServicePort;
  readonly rule: ResolvedDestinationRule | undefined;
  /** undefined where the name has no subset; `missing` where no DestinationRule defines the one that it has. */
  readonly subset: Readonly<Record<string, string>> | "missing" | undefined;
  readonly policy: TrafficPolicy;
}

/** The service, port and DestinationRule behind a cluster's name; undefined when the proxy sees no such port. */
export function outboundTarget(
  { snapshot, workload }: ProxyContext<TargetParts>,
  name: string,
): OutboundTarget | undefined {
  const parsed = parseOutboundCluster(name);
  if (parsed === undefined) return undefined;
  const service = visibleService(snapshot, parsed.host, workload.namespace);
  const port = service?.ports.find(({ number }) => number === parsed.port);
  if (service === undefined || port === undefined) return undefined;
  const rule = destinationRuleFor(snapshot, workload, parsed.host);
  const subset = parsed.subset === undefined ? undefined : (rule?.subsets.get(parsed.subset)?.labels ?? "missing");
  return { name: parsed, service, port, rule, subset, policy: trafficPolicyFor(rule, parsed.subset, parsed.port) };
}

/** How a proxy gets at the endpoints of a target. */
export type Reach = "eds" | "dns" | "dns-round-robin" | "original-destination";

/** A gateway's callers did not choose an endpoint, so it balances where a sidecar lets its application choose. */
export function reachOf({ service, policy }: OutboundTarget, type: ProxyContext["type"]): Reach {
  const { resolution } = service;
  if (resolution === "dns" || resolution === "external-name") return "dns";
  if (resolution === "dns-round-robin") return "dns-round-robin";
  if (resolution === "none") return "original-destination";
  const chosenByCaller = resolution === "headless" || isPassthrough(policy.loadBalancer);
  return chosenByCaller && type === "sidecar" ? "original-destination" : "eds";
}

/** The cluster of that name; undefined when the proxy sees no such service or port. */
export function outboundClusterFor(context: TargetContext, name: string): EncodedResource | undefined {
  const target = outboundTarget(context, name);
  if (target === undefined) return undefined;
  const { snapshot } = context;
  const { service, port, rule, policy, subset } = target;
  const endpoints = endpointsOf(snapshot, service);
  const reach = subset === "missing" ? "eds" : reachOf(target, context.type);
  const identities = service.subjectAltNames.length > 0 ? service.subjectAltNames : identitiesOf(endpoints);
  const takers = endpoints.filter((endpoint) => takesMeshTls(endpoint, endpoint.ports[port.number] ?? 0));
  const takeMeshTls = peersTake(service, reach, takers.length, endpoints.length);
  const origins = rule ?? noRule;
  const inline = reach === "dns" || reach === "dns-round-robin" ? chosenFor(snapshot, target) : none;
  return encodeOutbound(
    service,
    port,
    policy,
    origins,
    inline,
    snapshot.mesh,
    reach,
    takeMeshTls,
    identities.join(" "),
    name,
  );
}

/** The endpoints of a target; the same list as long as nothing in it changed. */
export function chosenFor(
  snapshot: EndpointParts,
  { service, port, subset }: OutboundTarget,
): readonly ChosenEndpoint[] {
  if (subset === "missing") return none;
  return chooseEndpoints(endpointsOf(snapshot, service), port.number, subset ?? everything);
}

const none: readonly ChosenEndpoint[] = [];
const everything: Readonly<Record<string, string>> = {};
const noRule: Pick<ResolvedDestinationRule, "origins"> = { origins: [] };

function peersTake(service: MeshService, reach: Reach, takers: number, all: number): Peers["takeMeshTls"] {
  if (service.external && takers === 0) return "none";
  if (reach === "eds") return "some";
  // Here Envoy knows no endpoints, so what it does is the same for all of them.
  return all > 0 && takers === all ? "all" : "none";
}

const encodeOutbound = memoize(
  (
    service: MeshService,
    port: ServicePort,
    policy: TrafficPolicy,
    { origins }: Pick<ResolvedDestinationRule, "origins">,
    inline: readonly ChosenEndpoint[],
    mesh: MeshSettings,
    reach: Reach,
    takeMeshTls: Peers["takeMeshTls"],
    identities: string,
    name: string,
  ): EncodedResource => {
    const carrier = carrierOf(port.protocol, policy);
    const source = sourceOf(service, port, inline, reach);
    const server = { host: service.hostname, subjectAltNames: service.subjectAltNames };
    const message = clusterOf(mesh, { name, source, carrier, policy, requests: namedByRequests(policy.tls, server) });
    const parsed = parseOutboundCluster(name) ?? { port: port.number, subset: undefined, host: service.hostname };
    const secrets = secure(
      mesh,
      message,
      { carrier, policy },
      {
        server,
        sni: meshServerName(parsed),
        identities: identities === "" ? [] : identities.split(" "),
        takeMeshTls,
      },
    );
    const needs: ResourceName[] = [...secrets];
    if (source.type === "eds") needs.push({ type: typeUrls.endpoints, name });
    return encode(typeUrls.cluster, name, ClusterSchema, { message, needs, provenance: [service.origin, ...origins] });
  },
);

function sourceOf(
  { resolution }: MeshService,
  { number, targetPort }: ServicePort,
  inline: readonly ChosenEndpoint[],
  reach: Reach,
): Source {
  switch (reach) {
    case "eds":
      return { type: "eds" };
    case "original-destination":
      // Callers of pods name the port that they mean; a ServiceEntry's may be another one than its servers have.
      return resolution === "none" && typeof targetPort === "number" && targetPort !== number
        ? { type: "original-destination", port: targetPort }
        : { type: "original-destination" };
    case "dns":
    case "dns-round-robin":
      return { type: "dns", roundRobin: reach === "dns-round-robin", groups: localityGroups([inline]) };
  }
}
