// Access logs as the mesh configuration asks for them, by default in the format that people's dashboards know.

import type { JsonObject } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { withoutQuery } from "../../api/header-format.ts";
import type { MeshConfig } from "../../api/mesh-config.ts";
import { jsonLogFormat } from "../../api/mesh-log-format.ts";
import { memoize } from "../../base/memo.ts";
import { extension, pack } from "../pack.ts";
import { type AccessLog, AccessLogSchema } from "../proto/envoy/config/accesslog/v3/accesslog_pb.ts";
import {
  type SubstitutionFormatString,
  SubstitutionFormatStringSchema,
} from "../proto/envoy/config/core/v3/substitution_format_string_pb.ts";
import { FileAccessLogSchema } from "../proto/envoy/extensions/access_loggers/file/v3/file_pb.ts";
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from "../proto/envoy/extensions/access_loggers/stream/v3/stream_pb.ts";
import { ReqWithoutQuerySchema } from "../proto/envoy/extensions/formatter/req_without_query/v3/req_without_query_pb.ts";

/** The access logs of every listener; none without `accessLogFile`. */
export const accessLogs = memoize((config: MeshConfig): AccessLog[] => {
  const accessLogFormat = { case: "logFormat" as const, value: logFormat(config) };
  switch (config.accessLogFile) {
    case "":
      return [];
    // Envoy may be another user than the one that opened its output, or this may be a socket: then it cannot be opened.
    case "/dev/stdout":
      return [
        create(AccessLogSchema, extension("envoy.access_loggers.stdout", StdoutAccessLogSchema, { accessLogFormat })),
      ];
    case "/dev/stderr":
      return [
        create(AccessLogSchema, extension("envoy.access_loggers.stderr", StderrAccessLogSchema, { accessLogFormat })),
      ];
    default: {
      const file = { path: config.accessLogFile, accessLogFormat };
      return [create(AccessLogSchema, extension("envoy.access_loggers.file", FileAccessLogSchema, file))];
    }
  }
});

function logFormat({ accessLogEncoding, accessLogFormat }: MeshConfig): SubstitutionFormatString {
  // What was parsed from JSON is JSON; its type says less.
  const own = jsonLogFormat(accessLogFormat) as JsonObject | undefined;
  const json = accessLogEncoding === "JSON" ? (own ?? jsonFields) : undefined;
  const formatters = accessLogFormat.includes(`%${withoutQuery}(`) ? [withoutQueryFormatter] : [];
  if (json !== undefined)
    return create(SubstitutionFormatStringSchema, { formatters, format: { case: "jsonFormat", value: { ...json } } });
  const line = accessLogFormat === "" ? `${textFields.join(" ")}\n` : accessLogFormat;
  return create(SubstitutionFormatStringSchema, {
    formatters,
    format: { case: "textFormatSource", value: { specifier: { case: "inlineString", value: line } } },
  });
}

const withoutQueryFormatter = {
  name: "envoy.formatter.req_without_query",
  typedConfig: pack(ReqWithoutQuerySchema, {}),
};

/** @see https://istio.io/latest/docs/tasks/observability/logs/access-log/#default-access-log-format */
const textFields: readonly string[] = [
  "[%START_TIME%]",
  '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
  "%RESPONSE_CODE%",
  "%RESPONSE_FLAGS%",
  "%RESPONSE_CODE_DETAILS%",
  "%CONNECTION_TERMINATION_DETAILS%",
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"',
  "%BYTES_RECEIVED%",
  "%BYTES_SENT%",
  "%DURATION%",
  "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  '"%REQ(X-FORWARDED-FOR)%"',
  '"%REQ(USER-AGENT)%"',
  '"%REQ(X-REQUEST-ID)%"',
  '"%REQ(:AUTHORITY)%"',
  '"%UPSTREAM_HOST%"',
  "%UPSTREAM_CLUSTER%",
  "%UPSTREAM_LOCAL_ADDRESS%",
  "%DOWNSTREAM_LOCAL_ADDRESS%",
  "%DOWNSTREAM_REMOTE_ADDRESS%",
  "%REQUESTED_SERVER_NAME%",
  "%ROUTE_NAME%",
];

const jsonFields: JsonObject = {
  start_time: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  protocol: "%PROTOCOL%",
  response_code: "%RESPONSE_CODE%",
  response_flags: "%RESPONSE_FLAGS%",
  response_code_details: "%RESPONSE_CODE_DETAILS%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  duration: "%DURATION%",
  upstream_service_time: "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  x_forwarded_for: "%REQ(X-FORWARDED-FOR)%",
  user_agent: "%REQ(USER-AGENT)%",
  request_id: "%REQ(X-REQUEST-ID)%",
  authority: "%REQ(:AUTHORITY)%",
  upstream_host: "%UPSTREAM_HOST%",
  upstream_cluster: "%UPSTREAM_CLUSTER%",
  upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
  requested_server_name: "%REQUESTED_SERVER_NAME%",
  route_name: "%ROUTE_NAME%",
};
