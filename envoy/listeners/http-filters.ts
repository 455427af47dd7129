// The HTTP filters that read what routes say of them.
import { ads } from "../address.ts";
import { milliseconds } from "../duration.ts";
import { extension, type NamedExtension } from "../pack.ts";
import { CorsSchema } from "../proto/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../proto/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { GrpcWebSchema } from "../proto/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts";
import { OnDemandSchema } from "../proto/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.ts";
import { RouterSchema } from "../proto/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { corsFilter } from "../routes/cors.ts";
import { faultFilter } from "../routes/fault.ts";

/** A request waits so long for a cluster that it is the first to need. */
export const onDemandTimeoutMs = 5_000;

/** Fetches the virtual host of a request, and its cluster, when they are not there yet. Goes before all others. */
export const onDemand: NamedExtension = extension("envoy.filters.http.on_demand", OnDemandSchema, {
  odcds: { source: ads, timeout: milliseconds(onDemandTimeoutMs) },
});

/** Cross-origin requests and faults, where routes have settings for them. */
export const routeFilters: readonly NamedExtension[] = [
  extension(corsFilter, CorsSchema, {}),
  extension(faultFilter, HTTPFaultSchema, {}),
];

/** Makes gRPC of gRPC-Web, which browsers speak, for ports that say so. */
export const grpcWeb: NamedExtension = extension("envoy.filters.http.grpc_web", GrpcWebSchema, {});

/** Forwards; always the last. */
export const router: NamedExtension = extension("envoy.filters.http.router", RouterSchema, {});
