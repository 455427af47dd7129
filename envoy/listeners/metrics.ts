// Statistics for Prometheus at one address: Envoy's own and, behind them, the application's.
import { create } from "@bufbuild/protobuf";
import { type HttpProbe, sidecarNames } from "../../model/sidecar.ts";
import { extension, type NamedExtension } from "../pack.ts";
import { type Route, RouteSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { LuaSchema } from "../proto/envoy/extensions/filters/http/lua/v3/lua_pb.ts";

/** Enough for tens of megabytes. */
const ownTimeoutMs = 1_500;

/** The route to Envoy's own statistics: what is answered where there is no application, or where the script fails. */
export function ownMetrics(path: string): Route {
  return create(RouteSchema, {
    match: { pathSpecifier: { case: "path", value: path } },
    action: { case: "route", value: { clusterSpecifier: { case: "cluster", value: sidecarNames.adminCluster } } },
  });
}

/** The filter that puts both answers together. `cluster` is where the application answers. */
export function mergedMetrics(path: string, application: HttpProbe, cluster: string): NamedExtension {
  const inlineString = script({ path, cluster, application });
  return extension("envoy.filters.http.lua", LuaSchema, {
    defaultSourceCode: { specifier: { case: "inlineString", value: inlineString } },
  });
}

/** A text of Lua; whatever could end it is escaped. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/[^A-Za-z0-9/._|?=&%:-]/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join(""),
  )}"`;

interface ScriptFacts {
  readonly path: string;
  readonly cluster: string;
  readonly application: HttpProbe;
}

/**
 * Both are asked for plain text, the one form that can be put together. An application that does not answer costs its own
 * statistics only, and a comment says so.
 */
function script({ path, cluster, application }: ScriptFacts): string {
  const applicationPath = application.path.startsWith("/") ? application.path : `/${application.path}`;
  return `local function ask(handle, cluster, path, ms)
  local headers = { [":method"] = "GET", [":path"] = path, [":authority"] = "localhost", ["accept"] = "text/plain;version=0.0.4" }
  local answer, body = handle:httpCall(cluster, headers, "", ms)
  return answer[":status"], body or ""
end
function envoy_on_request(handle)
  local asked = handle:headers():get(":path") or ""
  if (asked:match("^[^?]*")) ~= ${quoted(path)} then return end
  local own, statistics = ask(handle, ${quoted(sidecarNames.adminCluster)}, ${quoted(path)}, ${ownTimeoutMs})
  if own ~= "200" then return end
  local status, metrics = ask(handle, ${quoted(cluster)}, ${quoted(applicationPath)}, ${application.timeoutSeconds * 1_000})
  if status ~= "200" then metrics = "# the application answered with status " .. status .. " when it was asked for its metrics\\n" end
  handle:respond({ [":status"] = "200", ["content-type"] = "text/plain; version=0.0.4; charset=utf-8" }, statistics .. metrics)
end
`;
}
