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

/** The filter that puts all answers together. `applications` is where the application answers, in this order. */
export function mergedMetrics(path: string, applications: readonly Application[]): NamedExtension {
  return extension("envoy.filters.http.lua", LuaSchema, {
    defaultSourceCode: { specifier: { case: "inlineString", value: script(path, applications) } },
  });
}

/** One address of the application, and the cluster that leads there. */
export interface Application {
  readonly probe: HttpProbe;
  readonly cluster: string;
}

/** A text of Lua; whatever could end it is escaped. */
const quoted = (text: string): string =>
  `"${text.replaceAll(/[^A-Za-z0-9/._|?=&%:-]/gu, (found) =>
    [...Buffer.from(found)].map((byte) => `\\${String(byte).padStart(3, "0")}`).join(""),
  )}"`;

/**
 * All are asked for plain text, the one form that can be put together. An application that does not answer costs its own
 * statistics only, and a comment says so.
 */
function script(path: string, applications: readonly Application[]): string {
  const asked = applications.map(({ probe, cluster }) => {
    const applicationPath = probe.path.startsWith("/") ? probe.path : `/${probe.path}`;
    return `  { ${quoted(cluster)}, ${quoted(applicationPath)}, ${probe.timeoutSeconds * 1_000} },\n`;
  });
  return `local applications = {
${asked.join("")}}
local function ask(handle, cluster, path, ms)
  local headers = { [":method"] = "GET", [":path"] = path, [":authority"] = "localhost", ["accept"] = "text/plain;version=0.0.4" }
  local answer, body = handle:httpCall(cluster, headers, "", ms)
  return answer[":status"], body or ""
end
function envoy_on_request(handle)
  local asked = handle:headers():get(":path") or ""
  if (asked:match("^[^?]*")) ~= ${quoted(path)} then return end
  local own, statistics = ask(handle, ${quoted(sidecarNames.adminCluster)}, ${quoted(path)}, ${ownTimeoutMs})
  if own ~= "200" then return end
  local texts = { statistics }
  for _, application in ipairs(applications) do
    local status, metrics = ask(handle, application[1], application[2], application[3])
    if status ~= "200" then metrics = "# the application answered with status " .. status .. " when it was asked for its metrics\\n" end
    if metrics:sub(-1) ~= "\\n" then metrics = metrics .. "\\n" end
    texts[#texts + 1] = metrics
  end
  handle:respond({ [":status"] = "200", ["content-type"] = "text/plain; version=0.0.4; charset=utf-8" }, table.concat(texts))
end
`;
}
