// For tests: resources as people read them.
import { createRegistry, type DescMessage, fromBinary, type JsonValue, toJson } from "@bufbuild/protobuf";
import { stringify } from "yaml";
import { type MadeType, schemas } from "../encode.ts";
import { FileAccessLogSchema } from "../proto/envoy/extensions/access_loggers/file/v3/file_pb.ts";
import { StdoutAccessLogSchema } from "../proto/envoy/extensions/access_loggers/stream/v3/stream_pb.ts";
import { CorsPolicySchema, CorsSchema } from "../proto/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../proto/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { GrpcWebSchema } from "../proto/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.ts";
import { HealthCheckSchema } from "../proto/envoy/extensions/filters/http/health_check/v3/health_check_pb.ts";
import { LuaSchema } from "../proto/envoy/extensions/filters/http/lua/v3/lua_pb.ts";
import { OnDemandSchema } from "../proto/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.ts";
import { RouterSchema } from "../proto/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpInspectorSchema } from "../proto/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { OriginalDstSchema } from "../proto/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { TlsInspectorSchema } from "../proto/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { HttpConnectionManagerSchema } from "../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { ConfigSchema } from "../proto/envoy/extensions/filters/network/set_filter_state/v3/set_filter_state_pb.ts";
import { TcpProxySchema } from "../proto/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { ReqWithoutQuerySchema } from "../proto/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb.ts";
import { GetAddrInfoDnsResolverConfigSchema } from "../proto/envoy/extensions/network/dns_resolver/getaddrinfo/v3/getaddrinfo_dns_resolver_pb.ts";
import { PreviousHostsPredicateSchema } from "../proto/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { PreviousPrioritiesConfigSchema } from "../proto/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts";
import { RawBufferSchema } from "../proto/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../proto/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { HttpProtocolOptionsSchema } from "../proto/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";

/** What may be packed into the resources. */
const registry = createRegistry(
  ConfigSchema,
  CorsPolicySchema,
  CorsSchema,
  DownstreamTlsContextSchema,
  FileAccessLogSchema,
  GetAddrInfoDnsResolverConfigSchema,
  GrpcWebSchema,
  HealthCheckSchema,
  LuaSchema,
  HTTPFaultSchema,
  HttpConnectionManagerSchema,
  HttpInspectorSchema,
  HttpProtocolOptionsSchema,
  OnDemandSchema,
  OriginalDstSchema,
  PreviousHostsPredicateSchema,
  PreviousPrioritiesConfigSchema,
  RawBufferSchema,
  ReqWithoutQuerySchema,
  RouterSchema,
  StdoutAccessLogSchema,
  TcpProxySchema,
  TlsInspectorSchema,
  UpstreamTlsContextSchema,
);

/** The message of a resource as JSON. */
export function jsonOf(resource: EncodedResource): JsonValue {
  const schema: DescMessage | undefined = Object.entries(schemas).find(([type]) => type === resource.type)?.[1];
  if (schema === undefined) throw new Error(`${resource.type} is not made in this room`);
  return toJson(schema, fromBinary(schema, resource.bytes), { registry });
}

/** Short words for the types, as golden files use them. */
export const typeWords = {
  listener: typeUrls.listener,
  routes: typeUrls.route,
  "virtual-host": typeUrls.virtualHost,
  cluster: typeUrls.cluster,
  endpoints: typeUrls.endpoints,
} as const satisfies Record<string, MadeType>;

/** Resources as YAML documents, each under its type and name, with what it needs. */
export function yamlOf(
  shown: readonly { readonly title: string; readonly resource: EncodedResource | undefined }[],
): string {
  const documents = shown.map(({ title, resource }) => {
    if (resource === undefined) return stringify({ [title]: null });
    const needs = resource.needs.map((need) => `${wordOf(need.type)} ${need.name}`);
    const value = { ...(needs.length === 0 ? {} : { needs }), is: shorten(jsonOf(resource)) };
    return stringify({ [title]: value }, { lineWidth: 0, aliasDuplicateObjects: false });
  });
  return documents.join("---\n");
}

const wordOf = (type: string): string => Object.entries(typeWords).find(([, url]) => url === type)?.[0] ?? "secret";

/** Type URLs without what they all begin with. */
function shorten(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(shorten);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, JsonValue] => {
    if (key === "@type" && typeof inner === "string") return [key, inner.slice(inner.lastIndexOf("/") + 1)];
    return [key, shorten(inner)];
  });
  return Object.fromEntries(entries);
}
