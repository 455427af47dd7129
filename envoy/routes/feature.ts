// What a routing feature is: one file that reads its fields of a rule and writes them into Envoy's route.

import type { HttpMatch, HttpRoute } from "../../api/http-route.ts";
import type { ConsistentHash } from "../../api/traffic-policy.ts";
import type { ResolvedDestination, ResolvedHttpRule } from "../../model/routes.ts";
import type { Route, RouteAction } from "../proto/envoy/config/route/v3/route_components_pb.ts";

/** One route to be made: a rule, seen through one of its matches. */
export interface RouteSource {
  readonly spec: HttpRoute;
  /** undefined: the rule matches everything. */
  readonly match: HttpMatch | undefined;
  readonly destinations: readonly ResolvedDestination[];
  readonly mirrors: ResolvedHttpRule["mirrors"];
  /** The port that is called. */
  readonly port: number;
  /** TLS ends at this proxy: requests are for https. */
  readonly secured: boolean;
  /** What the DestinationRules of the destinations ask to keep callers at one endpoint. */
  readonly hashing: readonly ConsistentHash[];
}

/** Write into `route` what the feature's fields say; features run in the order of features.ts. */
export type RouteFeature = (route: Route, source: RouteSource) => void;

/** The action of a route that forwards; undefined for redirects and direct responses. */
export function forwarding(route: Route): RouteAction | undefined {
  return route.action.case === "route" ? route.action.value : undefined;
}
