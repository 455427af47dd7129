// Answering with fixed content.
import { create } from "@bufbuild/protobuf";
import type { HttpDirectResponse } from "../../api/http-route.ts";
import { type DataSource, DataSourceSchema } from "../proto/envoy/config/core/v3/base_pb.ts";
import { DirectResponseActionSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import type { RouteFeature } from "./feature.ts";

/** `directResponse`: status and body. */
export const directResponse: RouteFeature = (route, { spec }) => {
  if (spec.directResponse === undefined || spec.redirect !== undefined) return;
  const { status } = spec.directResponse;
  const body = bodyOf(spec.directResponse);
  const value = create(DirectResponseActionSchema, {
    status: status >= 200 && status < 600 ? status : 500,
    ...(body === undefined ? {} : { body }),
  });
  route.action = { case: "directResponse", value };
};

/** The longest body that a route may hold, in bytes, as in Istio. */
export const maxBodyBytes = 1_048_576;

function bodyOf({ body }: HttpDirectResponse): DataSource | undefined {
  if (body?.string !== undefined)
    return create(DataSourceSchema, { specifier: { case: "inlineString", value: body.string.slice(0, maxBodyBytes) } });
  if (body?.bytes === undefined) return undefined;
  const bytes = Buffer.from(body.bytes, "base64").subarray(0, maxBodyBytes);
  return create(DataSourceSchema, { specifier: { case: "inlineBytes", value: bytes } });
}
