// Routes that no rule asks for: pass everything on, or refuse everything.
import { create } from "@bufbuild/protobuf";
import { milliseconds } from "../duration.ts";
import { type Route, RouteSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";

const everything = { pathSpecifier: { case: "prefix" as const, value: "/" } };

/** Forward everything to a cluster, however long it takes. */
export function forwardTo(cluster: string, name = ""): Route {
  return create(RouteSchema, {
    name,
    match: everything,
    action: {
      case: "route",
      value: { clusterSpecifier: { case: "cluster", value: cluster }, timeout: milliseconds(0) },
    },
  });
}

/** 502, as Istio answers for destinations that the mesh does not know and must not reach. */
export function refuse(): Route {
  return create(RouteSchema, {
    name: "block_all",
    match: everything,
    action: { case: "directResponse", value: { status: 502 } },
  });
}
