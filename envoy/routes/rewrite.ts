// Changing path and host before a request is forwarded.
import { create } from "@bufbuild/protobuf";
import { RegexMatchAndSubstituteSchema } from "../proto/envoy/type/matcher/v3/regex_pb.ts";
import { forwarding, type RouteFeature } from "./feature.ts";
import { isRe2, regexMatcher } from "./string-match.ts";

/** `rewrite`: the matched part of the path (all of it after exact and regex), or parts by expression, and the host. */
export const rewrite: RouteFeature = (route, { spec }) => {
  const action = forwarding(route);
  if (action === undefined || spec.rewrite === undefined) return;
  const { uri, uriRegexRewrite, authority } = spec.rewrite;
  if (uri !== undefined && uri !== "") action.prefixRewrite = uri;
  else if (uriRegexRewrite?.match !== undefined && isRe2(uriRegexRewrite.match)) {
    action.regexRewrite = create(RegexMatchAndSubstituteSchema, {
      pattern: regexMatcher(uriRegexRewrite.match),
      substitution: uriRegexRewrite.rewrite ?? "",
    });
  }
  if (authority !== undefined && authority !== "")
    action.hostRewriteSpecifier = { case: "hostRewriteLiteral", value: authority };
};
