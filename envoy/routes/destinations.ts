// Where requests go: one cluster, or several by weight.
import { create } from "@bufbuild/protobuf";
import type { Headers } from "../../api/http-route.ts";
import type { ResolvedDestination } from "../../model/routes.ts";
import { blackHoleCluster, outboundCluster } from "../names.ts";
import {
  RouteActionSchema,
  WeightedCluster_ClusterWeightSchema,
  WeightedClusterSchema,
} from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { forwarding, type RouteFeature } from "./feature.ts";
import { applyHeaders } from "./headers.ts";

/** The cluster of a destination. One that nobody serves answers 503 at once instead of being waited for. */
export function clusterOf(destination: ResolvedDestination): string {
  const { service, port, subset } = destination;
  if (service === undefined || !service.ports.some(({ number }) => number === port)) return blackHoleCluster;
  return outboundCluster({ port, subset, host: service.hostname });
}

/** `route`: destinations with their weights, and where there are several the header changes of each. */
export const destinations: RouteFeature = (route, { spec, destinations: targets }) => {
  if (spec.redirect !== undefined || spec.directResponse !== undefined) return;
  const action = create(RouteActionSchema);
  route.action = { case: "route", value: action };
  const shares = weighted(targets);
  const [only] = shares;
  if (only === undefined) action.clusterSpecifier = { case: "cluster", value: blackHoleCluster };
  else if (shares.length === 1) {
    action.clusterSpecifier = { case: "cluster", value: clusterOf(only.destination) };
  } else {
    const clusters = shares.map(clusterWeight);
    action.clusterSpecifier = { case: "weightedClusters", value: create(WeightedClusterSchema, { clusters }) };
  }
};

/** `headers` of the only destination, after those of the rule, so that its own count. Of hosts the rule's counts, as in Istio. */
export const destinationHeaders: RouteFeature = (route, { destinations: targets }) => {
  const action = forwarding(route);
  const [only, second] = weighted(targets);
  if (action === undefined || only === undefined || second !== undefined) return;
  applyHeaders(route, headersOf(only.destination), (host) => {
    if (action.hostRewriteSpecifier.case === undefined)
      action.hostRewriteSpecifier = { case: "hostRewriteLiteral", value: host };
  });
};

interface Share {
  readonly destination: ResolvedDestination;
  readonly weight: number;
}

/** Destinations that get something. One that is alone gets all; where nobody has a weight, all get the same. */
export function weighted(targets: readonly ResolvedDestination[]): readonly Share[] {
  const total = targets.reduce((sum, { weight }) => sum + Math.max(0, weight), 0);
  if (total === 0) return targets.map((destination) => ({ destination, weight: 1 }));
  return targets.flatMap((destination) =>
    destination.weight > 0 ? [{ destination, weight: destination.weight }] : [],
  );
}

function clusterWeight({ destination, weight }: Share) {
  const made = create(WeightedCluster_ClusterWeightSchema, { name: clusterOf(destination), weight });
  applyHeaders(made, headersOf(destination), (host) => {
    made.hostRewriteSpecifier = { case: "hostRewriteLiteral", value: host };
  });
  return made;
}

function headersOf({ spec }: ResolvedDestination): Headers | undefined {
  return "headers" in spec ? spec.headers : undefined;
}
