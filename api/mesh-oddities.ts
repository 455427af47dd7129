// Settings of the mesh configuration that can be read and that act on nothing.
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import { isJsonObject, type JsonObject } from "./normalize.ts";
import type { SchemaProblem } from "./schema-findings.ts";

/** Curves that Envoy's TLS library knows. */
const knownCurves: readonly string[] = ["P-256", "P-384", "P-521", "X25519", "X25519MLKEM768"];

/** Everything that is without effect. */
export function oddProblems(config: JsonObject): readonly SchemaProblem[] {
  return [...curveProblems(config), ...retryProblems(config), ...metadataProblems(config)];
}

function curveProblems({ tlsDefaults }: JsonObject): readonly SchemaProblem[] {
  const curves: unknown = isJsonObject(tlsDefaults) ? tlsDefaults["ecdhCurves"] : undefined;
  if (!Array.isArray(curves)) return [];
  return curves.flatMap((curve: unknown, index) => {
    const path = jsonPath("tlsDefaults", "ecdhCurves", index);
    const shown = JSON.stringify(curve);
    if (typeof curve !== "string" || !knownCurves.includes(curve)) {
      return [odd(path, `there is no curve ${shown}`, `Write one of ${knownCurves.join(", ")}`)];
    }
    return curves.indexOf(curve) < index ? [odd(path, `${shown} is there twice`, "Take one of them away")] : [];
  });
}

/** The server's side cannot choose another server. */
function retryProblems({ defaultInboundHttpRetryPolicy: policy }: JsonObject): readonly SchemaProblem[] {
  if (!isJsonObject(policy)) return [];
  return ["perTryTimeout", "retryRemoteLocalities", "retryIgnorePreviousHosts"]
    .filter((field) => policy[field] !== undefined && policy[field] !== false)
    .map((field) => {
      const path = child(jsonPath("defaultInboundHttpRetryPolicy"), field);
      return odd(path, `${field} is set for requests that come in, which have one server only`, "Take it away");
    });
}

function metadataProblems({ defaultConfig }: JsonObject): readonly SchemaProblem[] {
  const metadata = isJsonObject(defaultConfig) ? defaultConfig["proxyMetadata"] : undefined;
  const name = "ISTIO_META_DNS_AUTO_ALLOCATE";
  if (!isJsonObject(metadata) || metadata[name] === undefined) return [];
  const path = jsonPath("defaultConfig", "proxyMetadata", name);
  return [odd(path, `${name} is an old setting`, "Write addresses into ServiceEntries with TCP ports")];
}

function odd(path: JsonPath, problem: string, fix: string): SchemaProblem {
  return {
    code: "PIL1016",
    path,
    problem,
    reason: "It is left out, and everything else of the configuration counts",
    fix,
  };
}
