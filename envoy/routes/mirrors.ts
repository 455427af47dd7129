// Copies of requests, whose answers nobody waits for.
import { create } from "@bufbuild/protobuf";
import { blackHoleCluster } from "../names.ts";
import { RouteAction_RequestMirrorPolicySchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { clusterOf } from "./destinations.ts";
import { forwarding, type RouteFeature } from "./feature.ts";
import { runtimePercent } from "./percent.ts";

/** `mirror` and `mirrors`, with their percentages. */
export const mirrors: RouteFeature = (route, { mirrors: copies }) => {
  const action = forwarding(route);
  if (action === undefined) return;
  action.requestMirrorPolicies = copies.flatMap(({ destination, percent }) => {
    const cluster = clusterOf(destination);
    if (cluster === blackHoleCluster || percent <= 0) return [];
    return [create(RouteAction_RequestMirrorPolicySchema, { cluster, runtimeFraction: runtimePercent(percent) })];
  });
};
