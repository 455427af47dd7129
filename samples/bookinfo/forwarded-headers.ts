/**
 * Sidecars cannot know which outgoing call belongs to which incoming one. An application that wants whole traces,
 * and routes by user at every hop, hands these headers on.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** Header names that travel from an incoming request to the calls that it causes. */
export const forwardedHeaderNames: readonly string[] = [
  "end-user",
  "user-agent",
  "x-request-id",
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
  "traceparent",
  "tracestate",
  "x-ot-span-context",
  "x-datadog-trace-id",
  "x-datadog-parent-id",
  "x-datadog-sampling-priority",
  "x-cloud-trace-context",
  "grpc-trace-bin",
];

/** Those headers of `incoming` that the next hop must see. */
export function forwardedHeaders(incoming: IncomingHttpHeaders): OutgoingHttpHeaders {
  const outgoing: OutgoingHttpHeaders = {};
  for (const name of forwardedHeaderNames) {
    const value = incoming[name];
    if (value !== undefined) outgoing[name] = value;
  }
  return outgoing;
}
