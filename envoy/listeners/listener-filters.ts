// Filters that look at the first bytes of a connection, or at where it was going before it was redirected.
import { create } from "@bufbuild/protobuf";
import { parseDuration } from "../../api/duration.ts";
import type { MeshConfig } from "../../api/mesh-config.ts";
import { extension } from "../pack.ts";
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

/** Reads server name and ALPN of a TLS handshake. */
export const tlsInspector: ListenerFilter = create(
  ListenerFilterSchema,
  extension("envoy.filters.listener.tls_inspector", TlsInspectorSchema, {}),
);

/** Tells HTTP from other plain text; on `knownPorts` it does not look, so nobody waits for it there. */
export function httpInspector(knownPorts: readonly number[] = []): ListenerFilter {
  const filter = create(
    ListenerFilterSchema,
    extension("envoy.filters.listener.http_inspector", HttpInspectorSchema, {}),
  );
  const disabled = anyPort(knownPorts);
  if (disabled !== undefined) filter.filterDisabled = disabled;
  return filter;
}

/** How long to wait for first bytes of somebody who may be waiting for ours. */
const patienceMs = 5_000;

/** The mesh's protocolDetectionTimeout. Its default, 0s, would let callers of server-first protocols wait for ever. */
export function detectionTimeoutMs(config: MeshConfig): number {
  const ms = parseDuration(config.protocolDetectionTimeout) ?? 0;
  return ms > 0 ? ms : patienceMs;
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
