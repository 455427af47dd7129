// Values of the mesh configuration that are of the right type and that nothing can use.
import { isIP } from "node:net";
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import { parseDuration } from "./duration.ts";
import { logFormatProblems } from "./mesh-log-format.ts";
import { type Fault, portNumber, unusable } from "./mesh-problems.ts";
import { providerProblems } from "./mesh-providers.ts";
import { isJsonObject, type JsonObject } from "./normalize.ts";
import { isRetryCondition } from "./retry-conditions.ts";
import type { SchemaProblem } from "./schema-findings.ts";

const trustDomain: Fault = (value) =>
  typeof value !== "string" || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\.?$/i.test(value)
    ? undefined
    : { what: "is no name of a domain", fix: "Write a name such as cluster.local" };

/** What names of Services have before it: two labels and "svc", of 253 characters that a name may have. */
const longestClusterDomain = 120;

const clusterDomain: Fault = (value) => {
  if (typeof value !== "string") return undefined;
  if (value.length > longestClusterDomain) {
    return {
      what: "is so long that names of Services would be none",
      fix: `Write ${longestClusterDomain} characters or less`,
    };
  }
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/.test(value)
    ? undefined
    : { what: "is no name of a domain", fix: "Write a name in small letters such as cluster.local" };
};

const addressRange: Fault = (value) => {
  const [, address = "", length = ""] =
    /^([0-9a-f.:]+)\/(0|[1-9]\d{0,2})$/i.exec(typeof value === "string" ? value : "") ?? [];
  const version = isIP(address);
  return version !== 0 && Number(length) <= (version === 4 ? 32 : 128)
    ? undefined
    : { what: "is no range of addresses", fix: "Write an address and a length, such as 10.96.0.0/12" };
};

/** An address with its port; Envoy puts environment variables into "$(HOST_IP):9411". */
const hostAndPort: Fault = (value) => {
  const [, host = "", port = ""] = /^(.*):([^:]*)$/.exec(typeof value === "string" ? value : "") ?? [];
  const fix = "Write host and port, such as zipkin.istio-system:9411";
  if (!/^(\[[0-9a-f.]*(:[0-9a-f.]*)+\]|[-\w.$()]+)$/i.test(host) || host.split("::").length > 2) {
    return { what: "is no address with a port", fix };
  }
  return port === "" || portNumber(Number(port)) !== undefined ? { what: "has no port of 1 to 65535", fix } : undefined;
};

const atLeast =
  (least: number): Fault =>
  (value) =>
    typeof value === "number" && value < least ? { what: "is too small", fix: `Write ${least} or more` } : undefined;

const percentage: Fault = (value) =>
  typeof value === "number" && (value < 0 || value > 100)
    ? { what: "is no percentage", fix: "Write 0 to 100" }
    : undefined;

const time: Fault = (value) =>
  typeof value === "string" && (parseDuration(value) ?? 0) < 1
    ? { what: "is less than a millisecond", fix: "Write a time such as 10s" }
    : undefined;

const wholeTime: Fault = (value) =>
  typeof value === "string" && !Number.isInteger(parseDuration(value) ?? 0)
    ? { what: "has parts of a millisecond", fix: "Write whole milliseconds" }
    : undefined;

const someTime: Fault = (value) =>
  typeof value === "string" && (parseDuration(value) ?? 0) > 0
    ? undefined
    : { what: "is no time to wait", fix: "Write a time such as 10ms" };

const wildcardName: Fault = (value) =>
  typeof value === "string" && value.indexOf("*", 1) !== -1
    ? { what: "has a * that does not stand for whole first labels", fix: "Write a host, *.domain or *" }
    : undefined;

const something: Fault = (value) =>
  isJsonObject(value) && Object.keys(value).length === 0
    ? { what: "is empty", fix: "Set a field, or take it away" }
    : undefined;

const filled: Fault = (value) =>
  typeof value === "string" && value !== "" ? undefined : { what: "is missing", fix: "Write it" };

const wholeSeconds: Fault = (value) =>
  typeof value === "string" && (parseDuration(value) ?? 0) % 1000 !== 0
    ? { what: "has parts of a second", fix: "Write whole seconds" }
    : undefined;

const someLimit: Fault = (value) =>
  typeof value === "number" && value < 1 ? { what: "lets nothing in", fix: "Write 1 or more" } : undefined;

const noNegativeTime: Fault = (value) =>
  typeof value === "string" && value.startsWith("-")
    ? { what: "is less than nothing", fix: "Write a time such as 10s" }
    : undefined;

const authPolicy: Fault = (value) =>
  value === "NONE" || value === "MUTUAL_TLS" || typeof value === "number"
    ? undefined
    : { what: "is no policy", fix: "Write MUTUAL_TLS or NONE" };

const noCurves: Fault = (value) =>
  Array.isArray(value) && value.length > 0
    ? { what: "are set, and proxies choose theirs between themselves", fix: "Take them away" }
    : undefined;

interface Check {
  /** Where it stands; "[]" goes through a list. */
  readonly at: string;
  readonly fault: Fault;
  /** It has to be there when what it stands in is. */
  readonly isRequired?: true;
}

const pool = "defaultTrafficPolicy.connectionPool";
const connections = "defaultConfig.connectionSettings";

const checks: readonly Check[] = [
  { at: "trustDomain", fault: trustDomain },
  { at: "trustDomainAliases[]", fault: trustDomain },
  { at: "connectTimeout", fault: time },
  { at: "protocolDetectionTimeout", fault: wholeTime },
  { at: "pillion.clusterDomain", fault: clusterDomain },
  { at: "pillion.serviceCidrs[]", fault: addressRange },
  { at: "serviceSettings[].hosts[]", fault: wildcardName },
  { at: pool, fault: something },
  ...["tcp.maxConnections", "http.http1MaxPendingRequests", "http.http2MaxRequests", "http.maxRetries"].map(
    (field) => ({
      at: `${pool}.${field}`,
      fault: atLeast(0),
    }),
  ),
  ...["maxEjectionPercent", "minHealthPercent"].map((field) => ({
    at: `defaultTrafficPolicy.outlierDetection.${field}`,
    fault: percentage,
  })),
  { at: "meshMTLS.ecdhCurves", fault: noCurves },
  { at: "defaultHttpRetryPolicy.attempts", fault: atLeast(0) },
  { at: "defaultHttpRetryPolicy.backoff", fault: time },
  { at: "defaultInboundHttpRetryPolicy.attempts", fault: atLeast(0) },
  { at: "defaultInboundHttpRetryPolicy.backoff", fault: time },
  { at: "defaultConfig.discoveryAddress", fault: hostAndPort },
  { at: "defaultConfig.drainDuration", fault: time },
  { at: "defaultConfig.drainDuration", fault: wholeSeconds },
  ...["configPath", "binaryPath", "serviceCluster"].map(
    (name): Check => ({ at: `defaultConfig.${name}`, fault: filled }),
  ),
  { at: "defaultConfig.controlPlaneAuthPolicy", fault: authPolicy },
  { at: "defaultConfig.statusPort", fault: portNumber },
  { at: "defaultConfig.proxyAdminPort", fault: portNumber },
  ...["zipkin", "datadog", "lightstep"].map(
    (name): Check => ({ at: `defaultConfig.tracing.${name}.address`, fault: hostAndPort, isRequired: true }),
  ),
  { at: "defaultConfig.tracing.lightstep.accessToken", fault: filled, isRequired: true },
  ...["cryptomb", "qat"].map(
    (name): Check => ({ at: `defaultConfig.privateKeyProvider.${name}.pollDelay`, fault: someTime, isRequired: true }),
  ),
  { at: "defaultConfig.privateKeyProvider", fault: something },
  ...["listenerPerConnectionBufferLimitBytes", "clusterPerConnectionBufferLimitBytes"].map((field) => ({
    at: `${connections}.${field}`,
    fault: atLeast(0),
  })),
  ...[
    "httpIdleTimeout",
    "httpMaxConnectionDuration",
    "httpDrainTimeout",
    "httpRequestTimeout",
    "httpRequestHeadersTimeout",
    "httpStreamIdleTimeout",
    "httpMaxStreamDuration",
  ].map((field) => ({ at: `${connections}.${field}`, fault: noNegativeTime })),
  ...["httpMaxConcurrentStreams", "listenerConnectionLimit", "globalDownstreamConnectionLimit"].map((field) => ({
    at: `${connections}.${field}`,
    fault: someLimit,
  })),
  { at: `${connections}.http2InitialConnectionWindowSize`, fault: atLeast(65_535) },
  { at: `${connections}.http2InitialStreamWindowSize`, fault: atLeast(65_535) },
];

/** Everything that has the right type and that nothing can use. */
export function valueProblems(config: JsonObject): readonly SchemaProblem[] {
  const wrong = checks.flatMap(({ at, fault, isRequired }) =>
    found(config, at.replaceAll("[]", ".[]").split("."), jsonPath()).flatMap(({ value, path }): SchemaProblem[] => {
      const said = value === undefined && isRequired !== true ? undefined : fault(value);
      if (said === undefined) return [];
      const shown = value === undefined || isJsonObject(value) ? "it" : JSON.stringify(value);
      return [unusable(path, `${shown} ${said.what}`, said.fix)];
    }),
  );
  return [
    ...wrong,
    ...retryProblems(config),
    ...logFormatProblems(config),
    ...contradictions(config),
    ...providerProblems(config["extensionProviders"]),
  ];
}

const retryPolicies = ["defaultHttpRetryPolicy", "defaultInboundHttpRetryPolicy"] as const;

/** Conditions are known, and without attempts they retry nothing. */
function retryProblems(config: JsonObject): readonly SchemaProblem[] {
  return retryPolicies.flatMap((name) => {
    const policy = config[name];
    if (!isJsonObject(policy)) return [];
    const path = jsonPath(name);
    const { attempts = 0, retryOn } = policy;
    const set = ["retryOn", "perTryTimeout", "backoff"].filter((field) => policy[field] !== undefined);
    const conditions = typeof retryOn === "string" ? retryOn.split(",").map((condition) => condition.trim()) : [];
    return [
      ...(attempts === 0 && set.length > 0
        ? [unusable(path, `${set.join(" and ")} is set, and attempts is 0`, "Write attempts: 1 or more")]
        : []),
      ...conditions
        .filter((condition) => condition !== "" && !isRetryCondition(condition))
        .map((condition) =>
          unusable(
            child(path, "retryOn"),
            `"${condition}" is no condition for retries`,
            "Write conditions such as 5xx",
          ),
        ),
    ];
  });
}

/** What has to be said differently where something else is said. */
function contradictions({ defaultTrafficPolicy: policy }: JsonObject): readonly SchemaProblem[] {
  if (!isJsonObject(policy)) return [];
  const path = jsonPath("defaultTrafficPolicy");
  const { connectionPool, outlierDetection } = policy;
  const http = isJsonObject(connectionPool) ? connectionPool["http"] : undefined;
  const problems: SchemaProblem[] = [];
  if (isJsonObject(http) && http["useClientProtocol"] === true && http["h2UpgradePolicy"] === "UPGRADE") {
    const place = child(path, "connectionPool", "http");
    problems.push(unusable(place, "useClientProtocol is true, and h2UpgradePolicy is UPGRADE", "Keep one of them"));
  }
  if (!isJsonObject(outlierDetection)) return problems;
  const { consecutiveLocalOriginFailures: failures, splitExternalLocalOriginErrors: isSplit } = outlierDetection;
  if (typeof failures === "number" && failures > 0 && isSplit !== true) {
    const fix = "Set splitExternalLocalOriginErrors: true";
    const problem = "consecutiveLocalOriginFailures is set, and errors are not told apart by where they arise";
    problems.push(unusable(child(path, "outlierDetection"), problem, fix));
  }
  return problems;
}

/** The values at a path that may lead through lists; a last name is found also where nothing stands. */
function found(
  value: unknown,
  [name, ...rest]: readonly string[],
  path: JsonPath,
): { value: unknown; path: JsonPath }[] {
  if (name === undefined) return [{ value, path }];
  if (name === "[]") {
    return Array.isArray(value) ? value.flatMap((item, index) => found(item, rest, child(path, index))) : [];
  }
  return isJsonObject(value) ? found(value[name], rest, child(path, name)) : [];
}
