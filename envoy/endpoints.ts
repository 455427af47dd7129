// The endpoints of clusters: addresses, shares, localities, and who takes mutual TLS.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../base/memo.ts";
import { groupBy } from "../model/keep.ts";
import { hasLabels } from "../model/selection.ts";
import type { Endpoint } from "../model/service.ts";
import { socketAddress } from "./address.ts";
import { addressedService } from "./clusters/address.ts";
import { meshTlsMatch } from "./clusters/mutual-tls.ts";
import { type OutboundTarget, outboundTarget, reachOf } from "./clusters/outbound.ts";
import { encode } from "./encode.ts";
import { parseAddressCluster } from "./names.ts";
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpoints,
  LocalityLbEndpointsSchema,
} from "./proto/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import { ClusterLoadAssignmentSchema } from "./proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { EndpointParts, ProxyContext, TargetContext } from "./proxy-context.ts";
import { type EncodedResource, typeUrls } from "./resource.ts";
import { endpointsOf, takesMeshTls } from "./service-endpoints.ts";

/** The endpoints of a service's cluster; undefined when the cluster finds its endpoints in another way. */
export function targetEndpoints(context: TargetContext, name: string): EncodedResource | undefined {
  const target = outboundTarget(context, name);
  if (target === undefined) return undefined;
  if (target.subset !== "missing" && reachOf(target, context.type) !== "eds") return undefined;
  return encodeEndpoints(chosen(context.snapshot, target), name, "");
}

/** The endpoints of an address's cluster; undefined where the address stands for no service. */
export function addressEndpoints(context: ProxyContext, name: string): EncodedResource | undefined {
  const { snapshot } = context;
  const address = parseAddressCluster(name);
  const shares = (address === undefined ? undefined : addressedService(context, address))?.shares ?? [];
  const known = shares.flatMap((share) => (share.target === undefined ? [] : [{ ...share, target: share.target }]));
  const [first, ...rest] = known.map((share) => chosen(snapshot, share.target));
  if (first === undefined) return undefined;
  const weights = known.length > 1 ? known.map(({ weight }) => weight).join(" ") : "";
  return encodeEndpoints(first, name, weights, ...rest);
}

/** An endpoint with the port and the mode of TLS that one target gives it. */
interface Chosen {
  readonly endpoint: Endpoint;
  readonly port: number;
  readonly meshTls: boolean;
}

/** The endpoints of a target; the same list as long as nothing in it changed. */
function chosen(snapshot: EndpointParts, { service, port, subset }: OutboundTarget): readonly Chosen[] {
  if (subset === "missing") return nothing;
  return choose(endpointsOf(snapshot, service), port.number, subset ?? everything);
}

const nothing: readonly Chosen[] = [];
const everything: Readonly<Record<string, string>> = {};

const choose = memoize(
  (endpoints: readonly Endpoint[], port: number, labels: Readonly<Record<string, string>>): readonly Chosen[] =>
    endpoints.flatMap((endpoint) => {
      const own = endpoint.ports[port];
      if (own === undefined || !hasLabels(endpoint.labels, labels)) return [];
      return [{ endpoint, port: own, meshTls: takesMeshTls(endpoint, own) }];
    }),
);

/** `weights` are the shares of the lists, in their order; none for a single list. */
const encodeEndpoints = memoize(
  (first: readonly Chosen[], name: string, weights: string, ...rest: readonly (readonly Chosen[])[]) => {
    const lists = [first, ...rest];
    const shares = weights === "" ? [] : weights.split(" ").map(Number);
    const all = lists.flatMap((list, index) => weightedEndpoints(list, shares[index]));
    const groups = [...groupBy(all, ({ locality }) => locality)].map(([locality, group]) =>
      localGroup(locality, group),
    );
    return encode(typeUrls.endpoints, name, ClusterLoadAssignmentSchema, {
      message: create(ClusterLoadAssignmentSchema, { clusterName: name, endpoints: groups }),
    });
  },
);

interface Placed {
  readonly locality: string;
  readonly endpoint: LbEndpoint;
}

/** Fine enough for shares of one per cent over hundreds of endpoints, and far below what Envoy can add up. */
const shareUnit = 10_000;

/** With a share, the weights of a list add up to it, whatever the number of endpoints; else they are the endpoints' own. */
function weightedEndpoints(list: readonly Chosen[], share: number | undefined): readonly Placed[] {
  const total = list.reduce((sum, { endpoint }) => sum + (endpoint.weight || 1), 0);
  return list.map((one) => {
    const { weight, locality } = one.endpoint;
    const own = share === undefined ? weight : Math.max(1, Math.round((share * shareUnit * (weight || 1)) / total));
    return { locality, endpoint: lbEndpoint(one, own) };
  });
}

function lbEndpoint({ endpoint, port, meshTls }: Chosen, weight: number): LbEndpoint {
  const workload = workloadText(endpoint);
  return create(LbEndpointSchema, {
    hostIdentifier: { case: "endpoint", value: { address: socketAddress(endpoint.address, port) } },
    metadata: {
      filterMetadata: {
        ...(meshTls ? { "envoy.transport_socket_match": { ...meshTlsMatch } } : {}),
        ...(workload === undefined ? {} : { istio: { workload } }),
      },
    },
    ...(weight > 0 ? { loadBalancingWeight: weight } : {}),
  });
}

/** "pod;namespace;canonical name;revision;cluster", as Istio's telemetry reads it. */
function workloadText({ workload, labels }: Endpoint): string | undefined {
  if (workload === undefined) return undefined;
  const [namespace = "", pod = ""] = workload.split("/");
  const name = labels["service.istio.io/canonical-name"] ?? labels["app.kubernetes.io/name"] ?? labels["app"] ?? pod;
  const revision = labels["service.istio.io/canonical-revision"] ?? labels["version"] ?? "latest";
  return [pod, namespace, name, revision, ""].join(";");
}

function localGroup(text: string, group: readonly Placed[]): LocalityLbEndpoints {
  const [region = "", zone = "", subZone = ""] = text.split("/");
  return create(LocalityLbEndpointsSchema, {
    lbEndpoints: group.map(({ endpoint }) => endpoint),
    ...(text === "" ? {} : { locality: { region, zone, subZone } }),
  });
}
