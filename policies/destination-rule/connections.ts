// Connection pools and outlier detection.
import type { ConnectionPool, OutlierDetection, PortTrafficPolicy, TrafficPolicy } from "../../api/traffic-policy.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { policiesOf } from "../common/ports.ts";
import { type Complaint, rule } from "../rule.ts";
import { items, type Place } from "../virtual-service/walk.ts";

/** Policies of the host, its subsets, and of single ports of either. */
export function settingsOf(
  object: Parameters<typeof policiesOf>[0],
): readonly Place<TrafficPolicy | PortTrafficPolicy>[] {
  return policiesOf(object).flatMap((policy) => [
    policy,
    ...items(policy.value.portLevelSettings, child(policy.path, "portLevelSettings")),
  ]);
}

/** A connection pool sets limits that can be kept. */
export const connectionPools = rule({
  code: "PIL1304",
  guardsEnvoy: true,
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "limits of connections are not negative and do not contradict one another",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (value.connectionPool !== undefined) yield* poolFaults(value.connectionPool, child(path, "connectionPool"));
    }
  },
});

/** Outlier detection counts what it is told to count. */
export const outlierDetection = rule({
  code: "PIL1305",
  guardsEnvoy: true,
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "outlier detection has percentages of 0 to 100 and counts what it limits",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (value.outlierDetection !== undefined)
        yield* outlierFaults(value.outlierDetection, child(path, "outlierDetection"));
    }
  },
});

/** A policy says something. */
export const emptyPolicies = rule({
  code: "PIL1306",
  kinds: ["DestinationRule"],
  enforcement: "deny",
  summary: "a traffic policy has at least one field",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of settingsOf(object)) {
      if (Object.keys(value).some((field) => field !== "port")) continue;
      yield {
        path,
        problem: "the policy is empty",
        reason: "It would do nothing",
        fix: "Set a field, or take the policy away",
      };
    }
    for (const { value, path } of policiesOf(object)) {
      if (value.tunnel === undefined || value.proxyProtocol === undefined) continue;
      yield {
        path,
        problem: "tunnel and proxyProtocol are both set",
        reason: "A connection can begin in one way only",
        fix: "Keep one of them",
      };
    }
  },
});

/** What is wrong with a connection pool. */
export function* poolFaults({ tcp, http }: ConnectionPool, path: JsonPath): Iterable<Complaint> {
  if (tcp === undefined && http === undefined) {
    yield { path, problem: "the connection pool is empty", reason: "It would do nothing", fix: "Set tcp or http" };
  }
  const limits = { ...http, maxConnections: tcp?.maxConnections };
  const named = [
    "http1MaxPendingRequests",
    "http2MaxRequests",
    "maxRequestsPerConnection",
    "maxRetries",
    "maxConcurrentStreams",
    "maxConnections",
  ] as const;
  for (const name of named) {
    const limit = limits[name];
    if (limit === undefined || limit >= 0) continue;
    yield {
      path: child(path, name === "maxConnections" ? "tcp" : "http", name),
      problem: `${name} is ${limit}`,
      reason: "There cannot be fewer than none",
      fix: "Write 0 or more",
    };
  }
  if (http?.useClientProtocol === true && http.h2UpgradePolicy === "UPGRADE") {
    yield {
      path: child(path, "http"),
      problem: "useClientProtocol is true and h2UpgradePolicy is UPGRADE",
      reason: "One keeps the caller's protocol, the other changes it",
      fix: "Keep one of them",
    };
  }
  const keepAlive = http?.http2KeepAlive;
  for (const name of ["interval", "timeout"] as const) {
    if (keepAlive === undefined || keepAlive[name] !== undefined) continue;
    yield {
      path: child(path, "http", "http2KeepAlive"),
      problem: `${name} is missing`,
      reason: "Pings need both interval and timeout",
      fix: `Add ${name}`,
    };
  }
}

function* outlierFaults(detection: OutlierDetection, path: JsonPath): Iterable<Complaint> {
  for (const name of ["maxEjectionPercent", "minHealthPercent"] as const) {
    const share = detection[name];
    if (share === undefined || (share >= 0 && share <= 100)) continue;
    yield {
      path: child(path, name),
      problem: `${name} is ${share}`,
      reason: "A share lies between 0 and 100",
      fix: "Write 0 to 100",
    };
  }
  if ((detection.consecutiveLocalOriginFailures ?? 0) > 0 && detection.splitExternalLocalOriginErrors !== true) {
    yield {
      path: child(path, "consecutiveLocalOriginFailures"),
      problem: "consecutiveLocalOriginFailures is set, and splitExternalLocalOriginErrors is not true",
      reason: "Failures to connect are not counted apart",
      fix: "Add splitExternalLocalOriginErrors: true",
    };
  }
}
