// Endpoints as Envoy's load assignments write them: addresses, weights, localities, and who takes mutual TLS.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../base/memo.ts";
import { isSocket, socketScheme } from "../model/endpoints.ts";
import { groupBy } from "../model/keep.ts";
import { hasLabels } from "../model/selection.ts";
import type { Endpoint } from "../model/service.ts";
import { pipe, socketAddress } from "./address.ts";
import { meshTlsMatch } from "./mesh-tls.ts";
import type { Address } from "./proto/envoy/config/core/v3/address_pb.ts";
import {
  type LbEndpoint,
  LbEndpointSchema,
  type LocalityLbEndpoints,
  LocalityLbEndpointsSchema,
} from "./proto/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import { takesMeshTls } from "./service-endpoints.ts";

/** An endpoint with the port and the mode of TLS that one target gives it. */
export interface ChosenEndpoint {
  readonly endpoint: Endpoint;
  readonly port: number;
  readonly meshTls: boolean;
}

/** The endpoints that have a port and all these labels; the same list for the same inputs. */
export const chooseEndpoints = memoize(
  (endpoints: readonly Endpoint[], port: number, labels: Readonly<Record<string, string>>): readonly ChosenEndpoint[] =>
    endpoints.flatMap((endpoint) => {
      const own = endpoint.ports[port];
      if (own === undefined || !hasLabels(endpoint.labels, labels)) return [];
      return [{ endpoint, port: own, meshTls: takesMeshTls(endpoint, own) }];
    }),
);

/**
 * Endpoints by locality.
 * @param shares - what each list gets in relation to the others, however many endpoints it has; none for a single list.
 */
export function localityGroups(
  lists: readonly (readonly ChosenEndpoint[])[],
  shares: readonly number[] = [],
): LocalityLbEndpoints[] {
  const all = lists.flatMap((list, index) => weightedEndpoints(list, shares[index]));
  return [...groupBy(all, ({ locality }) => locality)].map(([locality, group]) => localGroup(locality, group));
}

interface Placed {
  readonly locality: string;
  readonly endpoint: LbEndpoint;
}

/** Fine enough for shares of one per cent over hundreds of endpoints, and far below what Envoy can add up. */
const shareUnit = 10_000;

/** With a share, the weights of a list add up to it, whatever the number of endpoints; else they are the endpoints' own. */
function weightedEndpoints(list: readonly ChosenEndpoint[], share: number | undefined): readonly Placed[] {
  const total = list.reduce((sum, { endpoint }) => sum + (endpoint.weight || 1), 0);
  return list.map((one) => {
    const { weight, locality } = one.endpoint;
    const own = share === undefined ? weight : Math.max(1, Math.round((share * shareUnit * (weight || 1)) / total));
    return { locality, endpoint: lbEndpoint(one, own) };
  });
}

function lbEndpoint({ endpoint, port, meshTls }: ChosenEndpoint, weight: number): LbEndpoint {
  const workload = workloadText(endpoint);
  const filterMetadata = {
    ...(meshTls ? { "envoy.transport_socket_match": { ...meshTlsMatch } } : {}),
    ...(workload === undefined ? {} : { istio: { workload } }),
  };
  return create(LbEndpointSchema, {
    hostIdentifier: { case: "endpoint", value: { address: addressOf(endpoint.address, port) } },
    metadata: { filterMetadata },
    ...(weight > 0 ? { loadBalancingWeight: weight } : {}),
  });
}

function addressOf(address: string, port: number): Address {
  return isSocket(address) ? pipe(address.slice(socketScheme.length)) : socketAddress(address, port);
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
