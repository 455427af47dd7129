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
export const redirect: RouteFeature = (route, { spec, port, secured }) => {
  if (spec.redirect === undefined) return;
  const action = redirectAction(spec.redirect);
  const target = portOf(spec.redirect, port, secured);
  if (target !== undefined) action.portRedirect = target;
  route.action = { case: "redirect", value: action };
};

/** Undefined where none has to be written: Envoy keeps the port of the request's host as long as it keeps the host. */
function portOf({ port, derivePort, scheme, authority = "" }: HttpRedirect, called: number, secured: boolean) {
  const standard = (scheme ?? (secured ? "https" : "http")) === "https" ? 443 : 80;
  const wanted = port ?? derived(derivePort, { called, standard });
  return authority !== "" && wanted === standard ? undefined : wanted;
}

function derived(
  from: HttpRedirect["derivePort"],
  { called, standard }: { readonly called: number; readonly standard: number },
): number | undefined {
  switch (from) {
    case "FROM_PROTOCOL_DEFAULT":
      return standard;
    case "FROM_REQUEST_PORT":
      return called;
    case undefined:
      return undefined;
  }
}

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
