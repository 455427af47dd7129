// Values of headers as Envoy's formatter reads them: %COMMAND%, %COMMAND(argument)%, %COMMAND(argument):length%.

/** Commands that a header's value may have. @see https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#command-operators */
const commands: ReadonlySet<string> = new Set([
  "REQ",
  "RESP",
  "TRAILER",
  "REQ_WITHOUT_QUERY",
  "PATH",
  "PROTOCOL",
  "HOSTNAME",
  "ENVIRONMENT",
  "CEL",
  "QUERY_PARAM",
  "QUERY_PARAMS",
  "START_TIME",
  "START_TIME_LOCAL",
  "EMIT_TIME",
  "EMIT_TIME_LOCAL",
  "DURATION",
  "REQUEST_DURATION",
  "REQUEST_TX_DURATION",
  "RESPONSE_DURATION",
  "RESPONSE_TX_DURATION",
  "COMMON_DURATION",
  "ROUNDTRIP_DURATION",
  "BYTES_RECEIVED",
  "BYTES_SENT",
  "RESPONSE_CODE",
  "RESPONSE_CODE_DETAILS",
  "RESPONSE_FLAGS",
  "RESPONSE_FLAGS_LONG",
  "CONNECTION_ID",
  "CONNECTION_TERMINATION_DETAILS",
  "STREAM_ID",
  "UNIQUE_ID",
  "TRACE_ID",
  "SPAN_ID",
  "LOCAL_REPLY_BODY",
  "GRPC_STATUS",
  "GRPC_STATUS_NUMBER",
  "ROUTE_NAME",
  "VIRTUAL_CLUSTER_NAME",
  "VIRTUAL_HOST_NAME",
  "CLUSTER_NAME",
  "FILTER_CHAIN_NAME",
  "REQUESTED_SERVER_NAME",
  "CUSTOM_FLAGS",
  "METADATA",
  "DYNAMIC_METADATA",
  "CLUSTER_METADATA",
  "UPSTREAM_METADATA",
  "UPSTREAM_CLUSTER_METADATA",
  "UPSTREAM_HOST_METADATA",
  "FILTER_STATE",
  "UPSTREAM_FILTER_STATE",
  "PER_REQUEST_STATE",
  "COALESCE",
  "SUBSTRING",
  "LITERAL",
  "UPSTREAM_HOST",
  "UPSTREAM_HOST_NAME",
  "UPSTREAM_HOST_NAME_WITHOUT_PORT",
  "UPSTREAM_CLUSTER",
  "UPSTREAM_CLUSTER_RAW",
  "UPSTREAM_CONNECTION_ID",
  "UPSTREAM_PROTOCOL",
  "UPSTREAM_REQUEST_ATTEMPT_COUNT",
  "UPSTREAM_TRANSPORT_FAILURE_REASON",
  "UPSTREAM_HOSTS_ATTEMPTED",
  "UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT",
  "UPSTREAM_HOST_NAMES_ATTEMPTED",
  "DOWNSTREAM_TRANSPORT_FAILURE_REASON",
  "DOWNSTREAM_LOCAL_CLOSE_REASON",
  "DOWNSTREAM_DETECTED_CLOSE_TYPE",
]);

/** Addresses, certificates and byte counts have a command for every combination. */
const families =
  /^(UPSTREAM|DOWNSTREAM)_(LOCAL|REMOTE|DIRECT|DIRECT_REMOTE|DIRECT_LOCAL|PEER|TLS|HEADER|WIRE|DECOMPRESSED|HANDSHAKE)_?[A-Z0-9_]*$|^TLS_[A-Z0-9_]+$/;

/** What is wrong with a value; undefined when nothing is. */
export function valueFormatFault(value: string): string | undefined {
  for (let at = value.indexOf("%"); at !== -1; at = value.indexOf("%", at)) {
    if (value[at + 1] === "%") {
      at += 2;
      continue;
    }
    const end = commandEnd(value, at + 1);
    if (end === undefined) return "has a % that begins no command";
    const name = /^[A-Z][A-Z0-9_]*/.exec(value.slice(at + 1, end))?.[0] ?? "";
    if (!commands.has(name) && !families.test(name)) {
      return `has the command %${value.slice(at + 1, end)}%, which Envoy does not know`;
    }
    at = end + 1;
  }
  return undefined;
}

/** Where the % stands that ends a command which begins at `from`; arguments in parentheses may hold anything. */
function commandEnd(value: string, from: number): number | undefined {
  const match = /^[A-Za-z0-9_]*(\([^)]*\)|\(\[[^\]]*\]\))?(:\d+)?%/.exec(value.slice(from));
  return match === null || match[0] === "%" ? undefined : from + match[0].length - 1;
}
