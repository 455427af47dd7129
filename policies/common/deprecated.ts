// Fields and forms that have successors.
import { child, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { settingsOf } from "../destination-rule/connections.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpMatchesOf, httpRulesOf, items } from "../virtual-service/walk.ts";

/** Old forms are read as ever, and new ones say more. */
export const deprecated = rule({
  code: "PIL9102",
  alias: "IST0002",
  kinds: [
    "VirtualService",
    "DestinationRule",
    "AuthorizationPolicy",
    "RequestAuthentication",
    "Telemetry",
    "WasmPlugin",
    "Sidecar",
  ],
  enforcement: "warn",
  summary: "fields are the present ones",
  *check(object, { snapshot }): Iterable<Complaint> {
    switch (object.kind) {
      case "VirtualService":
        for (const { value, path } of httpRulesOf(object)) {
          if (value.mirrorPercent !== undefined) yield old(child(path, "mirrorPercent"), "mirrorPercentage");
          if (value.corsPolicy?.allowOrigin !== undefined)
            yield old(child(path, "corsPolicy", "allowOrigin"), "allowOrigins");
          if (value.fault?.delay?.percent !== undefined)
            yield old(child(path, "fault", "delay", "percent"), "percentage");
        }
        for (const { value, path } of [{ value: object.spec, path: jsonPath("spec") }, ...httpMatchesOf(object)]) {
          for (const name of items(value.gateways, child(path, "gateways"))) {
            const [gateway = "", namespace] = name.value.split(".");
            if (namespace === undefined || name.value.includes("/")) continue;
            yield old(name.path, `${namespace}/${gateway}`);
          }
        }
        return;
      case "DestinationRule":
        for (const { value, path } of settingsOf(object)) {
          if (value.outlierDetection?.consecutiveErrors !== undefined)
            yield old(child(path, "outlierDetection", "consecutiveErrors"), "consecutive5xxErrors");
          if (value.loadBalancer?.warmupDurationSecs !== undefined)
            yield old(child(path, "loadBalancer", "warmupDurationSecs"), "warmup.duration");
          if (value.loadBalancer?.consistentHash?.minimumRingSize !== undefined)
            yield old(child(path, "loadBalancer", "consistentHash", "minimumRingSize"), "ringHash.minimumRingSize");
        }
        return;
      case "Sidecar":
        if (object.spec.outboundTrafficPolicy?.egressProxy !== undefined) {
          const path = jsonPath("spec", "outboundTrafficPolicy", "egressProxy");
          yield old(path, "a VirtualService that routes to the egress gateway");
        }
        return;
      case "Telemetry":
        for (const { value, path } of items(object.spec.tracing, jsonPath("spec", "tracing"))) {
          for (const provider of items(value.providers, child(path, "providers"))) {
            const found = snapshot.mesh.config.extensionProviders?.find(({ name }) => name === provider.value.name);
            if (found !== undefined && "lightstep" in found) {
              yield old(child(provider.path, "name"), "the name of an opentelemetry provider");
            }
          }
        }
        if (object.spec.targetRef !== undefined) yield old(jsonPath("spec", "targetRef"), "targetRefs, a list");
        return;
      case "AuthorizationPolicy":
      case "RequestAuthentication":
      case "WasmPlugin":
        if (object.spec.targetRef !== undefined) yield old(jsonPath("spec", "targetRef"), "targetRefs, a list");
    }
  },
});

function old(path: Complaint["path"], successor: string): Complaint {
  const field = path.slice(Math.max(path.lastIndexOf("."), 0)).replace(/^\./, "");
  return complaint(path, `${field} is an old form`, "It may go with a later version of the API", `Write ${successor}`);
}
