// A lifecycle hook whose application cannot be reached has to fail. The kubelet takes every HTTP answer for a success, errors
// included, so Envoy's own answer is a redirect to the same path: the kubelet gives up after ten, and the hook has failed.
import { create } from "@bufbuild/protobuf";
import { hookPathPrefix } from "../../model/sidecar.ts";
import { AccessLogFilterSchema } from "../proto/envoy/config/accesslog/v3/accesslog_pb.ts";
import {
  type ResponseMapper,
  ResponseMapperSchema,
} from "../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { headerMatcher } from "../routes/match.ts";

/** Where Envoy keeps the path that was asked for, once it wrote the application's own in its place. */
const originalPath = "x-envoy-original-path";

/** Applies to answers that Envoy gives itself; the application's own pass as they are. */
export const failedHook: ResponseMapper = create(ResponseMapperSchema, {
  filter: create(AccessLogFilterSchema, {
    filterSpecifier: {
      case: "headerFilter",
      value: { header: headerMatcher(originalPath, { prefix: hookPathPrefix }) },
    },
  }),
  statusCode: 307,
  headersToAdd: [{ header: { key: "location", value: `%REQ(${originalPath})%` } }],
});
