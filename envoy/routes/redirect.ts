// Answering with a redirect.
import { create } from "@bufbuild/protobuf";
import type { HttpRedirect } from "../../api/http-route.ts";
import {
  type RedirectAction,
  RedirectAction_RedirectResponseCode,
  RedirectActionSchema,
} from "../proto/envoy/config/route/v3/route_components_pb.ts";
import type { RouteFeature } from "./feature.ts";

/** `redirect`: path, host, scheme, port and code. */
export const redirect: RouteFeature = (route, { spec }) => {
  if (spec.redirect !== undefined) route.action = { case: "redirect", value: redirectAction(spec.redirect) };
};

function redirectAction(spec: HttpRedirect): RedirectAction {
  const action = create(RedirectActionSchema, {
    hostRedirect: spec.authority ?? "",
    responseCode: responseCode(spec.redirectCode),
  });
  if (spec.scheme !== undefined) action.schemeRewriteSpecifier = { case: "schemeRedirect", value: spec.scheme };
  if (spec.uri !== undefined && spec.uri !== "")
    action.pathRewriteSpecifier = { case: "pathRedirect", value: spec.uri };
  else if (spec.prefixRewrite !== undefined && spec.prefixRewrite !== "")
    action.pathRewriteSpecifier = { case: "prefixRewrite", value: spec.prefixRewrite };
  if (spec.port !== undefined) action.portRedirect = spec.port;
  else if (spec.derivePort === "FROM_PROTOCOL_DEFAULT") action.portRedirect = spec.scheme === "https" ? 443 : 80;
  return action;
}

function responseCode(code: number | undefined): RedirectAction["responseCode"] {
  const codes: Readonly<Record<number, RedirectAction["responseCode"]>> = {
    302: RedirectAction_RedirectResponseCode.FOUND,
    303: RedirectAction_RedirectResponseCode.SEE_OTHER,
    307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
    308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
  };
  return codes[code ?? 301] ?? RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY;
}
