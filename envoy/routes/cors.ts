// Cross-origin requests.

import { parseDuration } from "../../api/duration.ts";
import type { CorsPolicy } from "../../api/http-route.ts";
import { pack } from "../pack.ts";
import { CorsPolicySchema } from "../proto/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import type { StringMatcher } from "../proto/envoy/type/matcher/v3/string_pb.ts";
import type { RouteFeature } from "./feature.ts";
import { runtimePercent } from "./percent.ts";
import { stringMatcher } from "./string-match.ts";

/** Name of the filter, under which a route holds its settings. */
export const corsFilter = "envoy.filters.http.cors";

/** `corsPolicy`. */
export const cors: RouteFeature = (route, { spec }) => {
  const policy = spec.corsPolicy;
  if (policy === undefined) return;
  const maxAgeMs = policy.maxAge === undefined ? undefined : parseDuration(policy.maxAge);
  route.typedPerFilterConfig[corsFilter] = pack(CorsPolicySchema, {
    allowOriginStringMatch: origins(policy),
    allowMethods: (policy.allowMethods ?? []).join(","),
    allowHeaders: (policy.allowHeaders ?? []).join(","),
    exposeHeaders: (policy.exposeHeaders ?? []).join(","),
    maxAge: maxAgeMs === undefined ? "" : String(Math.floor(maxAgeMs / 1_000)),
    ...(policy.allowCredentials === undefined ? {} : { allowCredentials: policy.allowCredentials }),
    forwardNotMatchingPreflights: policy.unmatchedPreflights !== "IGNORE",
    filterEnabled: runtimePercent(100),
  });
};

function origins({ allowOrigins, allowOrigin = [] }: CorsPolicy): StringMatcher[] {
  const matches = allowOrigins ?? allowOrigin.map((exact) => (exact === "*" ? { regex: ".*" } : { exact }));
  return matches.flatMap((match) => stringMatcher(match.exact === "*" ? { regex: ".*" } : match) ?? []);
}
