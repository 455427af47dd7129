// Filters that look at the first bytes of a connection, or at where it was going before it was redirected.
import { create } from "@bufbuild/protobuf";
import { parseDuration } from "../../api/duration.ts";
import type { MeshConfig } from "../../api/mesh-config.ts";
import { extension, type NamedExtension } from "../pack.ts";
import {
  type ListenerFilter,
  type ListenerFilterChainMatchPredicate,
  ListenerFilterChainMatchPredicateSchema,
  ListenerFilterSchema,
} from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { HttpInspectorSchema } from "../proto/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { OriginalDstSchema } from "../proto/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { TlsInspectorSchema } from "../proto/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";

/** What the HTTP inspector finds in plain text. */
export const plainHttp: readonly string[] = ["http/1.0", "http/1.1", "h2c"];

/** Restores the address that was called. */
export const originalDestination: ListenerFilter = create(
  ListenerFilterSchema,
  extension("envoy.filters.listener.original_dst", OriginalDstSchema, {}),
);

/** Reads server name and ALPN of a TLS handshake; on `knownPorts` it does not look, so nobody waits for it there. */
export function tlsInspector(knownPorts: readonly number[] = []): ListenerFilter {
  return inspector(extension("envoy.filters.listener.tls_inspector", TlsInspectorSchema, {}), knownPorts);
}

/** Tells HTTP from other plain text; on `knownPorts` it does not look either. */
export function httpInspector(knownPorts: readonly number[] = []): ListenerFilter {
  return inspector(extension("envoy.filters.listener.http_inspector", HttpInspectorSchema, {}), knownPorts);
}

/** How long to wait for first bytes where the server may be the one who speaks first: measured in docs/adr/0008-first-bytes.md. */
const patienceMs = 2_000;

/** The mesh's protocolDetectionTimeout, where 0 means for ever; without it so long, by default as long as fits all. */
export function detectionTimeoutMs({ protocolDetectionTimeout }: MeshConfig, otherwiseMs = patienceMs): number {
  return (protocolDetectionTimeout === undefined ? undefined : parseDuration(protocolDetectionTimeout)) ?? otherwiseMs;
}

function inspector(what: NamedExtension, knownPorts: readonly number[]): ListenerFilter {
  const filter = create(ListenerFilterSchema, what);
  const disabled = anyPort(knownPorts);
  if (disabled !== undefined) filter.filterDisabled = disabled;
  return filter;
}

function anyPort(ports: readonly number[]): ListenerFilterChainMatchPredicate | undefined {
  const rules = ports.map((port) =>
    create(ListenerFilterChainMatchPredicateSchema, {
      rule: { case: "destinationPortRange", value: { start: port, end: port + 1 } },
    }),
  );
  if (rules.length < 2) return rules[0];
  return create(ListenerFilterChainMatchPredicateSchema, { rule: { case: "orMatch", value: { rules } } });
}
