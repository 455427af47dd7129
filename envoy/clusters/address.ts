// `tcp|ADDRESS:PORT` and `http|ADDRESS:PORT`: what an application called by address. A virtual address stands for its
// service; a pod's address is that pod; any other address in the mesh's ranges is passed to as it is.
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import { memoize } from "../../base/memo.ts";
import type { ObjectRef } from "../../base/object-ref.ts";
import { destinationRuleFor, trafficPolicyFor } from "../../model/destination-rules.ts";
import { isVisible } from "../../model/hosts.ts";
import { mtlsMode } from "../../model/mtls.ts";
import type { MeshService } from "../../model/service.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import type { Workload } from "../../model/workload.ts";
import { encode } from "../encode.ts";
import { type ChosenEndpoint, localityGroups } from "../load-assignment.ts";
import {
  type AddressName,
  meshServerName,
  outboundCluster,
  parseAddressCluster,
  parseOutboundCluster,
} from "../names.ts";
import { ClusterSchema } from "../proto/envoy/config/cluster/v3/cluster_pb.ts";
import type { LocalityLbEndpoints } from "../proto/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import type { ProxyContext } from "../proxy-context.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { endpointsOf, identitiesOf } from "../service-endpoints.ts";
import { addressRuleFor, sharesFor, type TcpShare } from "../tcp-shares.ts";
import { clusterOf, endpointAt, type Source } from "./cluster.ts";
import { secure } from "./mutual-tls.ts";
import { chosenFor, type OutboundTarget, outboundTarget, reachOf } from "./outbound.ts";

/** A service that an address stands for, with where its connections go. */
export interface AddressedService {
  readonly service: MeshService;
  readonly port: number;
  readonly shares: readonly (TcpShare & { readonly target: OutboundTarget | undefined })[];
  readonly origins: readonly ObjectRef[];
}

/** The service behind a virtual address and port; undefined for every other address. */
export function addressedService(
  context: ProxyContext,
  { address, port, layer }: AddressName,
): AddressedService | undefined {
  const { snapshot, workload } = context;
  const service = snapshot.servicesByAddress.get(address);
  if (layer !== "tcp" || service === undefined || !isVisible(service.exportTo, service.namespace, workload.namespace))
    return undefined;
  if (!service.ports.some(({ number }) => number === port)) return undefined;
  const rule = addressRuleFor(snapshot, workload, service, port);
  const shares = sharesFor(rule, service, port).map((share) => ({
    ...share,
    target: outboundTarget(context, share.cluster),
  }));
  return { service, port, shares, origins: rule === undefined ? [service.origin] : [rule.origin] };
}

/** The cluster of that address. There is one for every address: who refuses unknown ones gets one without endpoints. */
export function addressClusterFor(context: ProxyContext, name: string): EncodedResource | undefined {
  const address = parseAddressCluster(name);
  if (address === undefined) return undefined;
  const { snapshot } = context;
  const service = addressedService(context, address);
  if (service !== undefined) return serviceCluster(context, name, service);
  const pod = snapshot.workloadsByAddress.get(address.address);
  if (pod === undefined) return encodeUnknown(snapshot.mesh, name);
  const takesTls = pod.hasSidecar && mtlsMode(snapshot, pod, address.port) !== "DISABLE";
  return encodePod(pod, podPolicy(context, pod, address.port), snapshot.mesh, takesTls, name);
}

/** The endpoints of an addressed service by locality; the same list as long as nothing in it changed. */
export function addressedGroups(context: ProxyContext, { shares }: AddressedService): readonly LocalityLbEndpoints[] {
  const known = shares.flatMap(({ target, weight }) => (target === undefined ? [] : [{ target, weight }]));
  const [first = noEndpoints, ...rest] = known.map(({ target }) => chosenFor(context.snapshot, target));
  const weights = known.length > 1 ? known.map(({ weight }) => weight).join(" ") : "";
  return groupsOf(first, weights, ...rest);
}

const noEndpoints: readonly ChosenEndpoint[] = [];

/** `weights` are the shares of the lists, in their order; none for a single list. */
const groupsOf = memoize(
  (first: readonly ChosenEndpoint[], weights: string, ...rest: readonly (readonly ChosenEndpoint[])[]) =>
    localityGroups([first, ...rest], weights === "" ? [] : weights.split(" ").map(Number)),
);

/** Whether some endpoints are names: Envoy takes those only in a cluster that resolves them itself. */
export function hasNames({ type }: ProxyContext, { shares }: AddressedService): boolean {
  return shares.some(
    ({ target }) => target !== undefined && ["dns", "dns-round-robin"].includes(reachOf(target, type)),
  );
}

function serviceCluster(context: ProxyContext, name: string, addressed: AddressedService): EncodedResource {
  const { snapshot } = context;
  const targets = addressed.shares.flatMap(({ target }) => target ?? []);
  const [first] = targets;
  const identities = targets.flatMap(({ service }) => identitiesOf(endpointsOf(snapshot, service)));
  const only = addressed.shares.length === 1 ? addressed.shares[0]?.cluster : undefined;
  const own = outboundCluster({ port: addressed.port, subset: undefined, host: addressed.service.hostname });
  return encodeService(
    addressed.service,
    first?.policy ?? noPolicy,
    snapshot.mesh,
    name,
    only ?? own,
    addressed.shares.length,
    [...new Set(identities)].sort().join(" "),
    targets.length > 0 && targets.every(({ service }) => service.external),
    hasNames(context, addressed) ? addressedGroups(context, addressed) : undefined,
    ...addressed.origins,
  );
}

const noPolicy: TrafficPolicy = {};

const encodeService = memoize(
  (
    service: MeshService,
    policy: TrafficPolicy,
    mesh: MeshSettings,
    name: string,
    serverName: string,
    shares: number,
    identities: string,
    external: boolean,
    named: readonly LocalityLbEndpoints[] | undefined,
    ...origins: readonly ObjectRef[]
  ) => {
    // Weights of endpoints stand for the shares; round robin follows them exactly.
    const shared: TrafficPolicy = shares > 1 ? { ...policy, loadBalancer: { simple: "ROUND_ROBIN" } } : policy;
    const source: Source = named === undefined ? { type: "eds" } : { type: "dns", roundRobin: false, groups: named };
    const message = clusterOf(mesh, { name, source, carrier: "bytes", policy: shared });
    const parsed = parseOutboundCluster(serverName);
    const secrets = secure(
      mesh,
      message,
      { carrier: "bytes", policy },
      {
        server: { host: service.hostname, subjectAltNames: service.subjectAltNames },
        sni: parsed === undefined ? service.hostname : meshServerName(parsed),
        identities: identities === "" ? [] : identities.split(" "),
        takeMeshTls: external ? "none" : "some",
      },
    );
    const needs = named === undefined ? [...secrets, { type: typeUrls.endpoints, name }] : secrets;
    return encode(typeUrls.cluster, name, ClusterSchema, { message, needs, provenance: [service.origin, ...origins] });
  },
);

/** A pod that is called by address follows the DestinationRule of the headless service that it belongs to. */
function podPolicy({ snapshot, workload }: ProxyContext, pod: Workload, port: number): TrafficPolicy {
  for (const service of snapshot.servicesOfWorkload.get(`${pod.namespace}/${pod.name}`) ?? []) {
    const own = service.resolution === "headless" ? service.ports.find(({ number }) => number === port) : undefined;
    if (own === undefined) continue;
    return trafficPolicyFor(destinationRuleFor(snapshot, workload, service.hostname), undefined, port);
  }
  return noPolicy;
}

const encodePod = memoize(
  (pod: Workload, policy: TrafficPolicy, mesh: MeshSettings, takesTls: boolean, name: string) => {
    const address = parseAddressCluster(name);
    const endpoints = address === undefined ? [] : [endpointAt(address.address, address.port)];
    const carrier = address?.layer === "http" ? "as-received" : "bytes";
    const message = clusterOf(mesh, { name, source: { type: "static", endpoints }, carrier, policy });
    const needs = secure(
      mesh,
      message,
      { carrier, policy },
      {
        server: { host: "", subjectAltNames: [] },
        sni: `outbound_.${address?.port ?? 0}_._.${address?.address ?? ""}`,
        identities: [pod.identity],
        takeMeshTls: takesTls ? "all" : "none",
      },
    );
    return encode(typeUrls.cluster, name, ClusterSchema, { message, needs });
  },
);

const encodeUnknown = memoize((mesh: MeshSettings, name: string) => {
  const address = parseAddressCluster(name);
  const passes = mesh.config.outboundTrafficPolicy.mode === "ALLOW_ANY";
  const endpoints = address === undefined || !passes ? [] : [endpointAt(address.address, address.port)];
  const carrier = address?.layer === "http" ? "as-received" : "bytes";
  const message = clusterOf(mesh, { name, source: { type: "static", endpoints }, carrier, policy: {} });
  return encode(typeUrls.cluster, name, ClusterSchema, { message });
});
