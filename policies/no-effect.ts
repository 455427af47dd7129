// Fields that are read and checked, but that this version does not act on yet. A line goes when its translation comes.
import type { Kind } from "../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import type { Complaint } from "./rule.ts";

/** A field by its path; `[]` stands for every item of a list or value of a map. */
export interface IdleField {
  readonly kind: Kind;
  readonly path: string;
  /** What one does meanwhile. No full stop. */
  readonly instead: string;
}

const connections: readonly Omit<IdleField, "kind">[] = ["spec.trafficPolicy", "spec.subsets[].trafficPolicy"].flatMap(
  (policy) => [
    { path: `${policy}.tunnel`, instead: "Call the proxy itself" },
    { path: `${policy}.proxyProtocol`, instead: "Take the client's address from X-Forwarded-For" },
    { path: `${policy}.retryBudget`, instead: "Limit connectionPool.http.maxRetries" },
    ...["", ".portLevelSettings[]"].flatMap((level) => [
      {
        path: `${policy}${level}.loadBalancer.localityLbSetting`,
        instead: "Take it away: all endpoints are treated alike",
      },
      {
        path: `${policy}${level}.loadBalancer.zoneAwareLbSetting`,
        instead: "Take it away: all endpoints are treated alike",
      },
      { path: `${policy}${level}.loadBalancer.backendUtilization`, instead: "Use simple: LEAST_REQUEST" },
      { path: `${policy}${level}.loadBalancer.warmup`, instead: "Let pods become ready later" },
      { path: `${policy}${level}.loadBalancer.warmupDurationSecs`, instead: "Let pods become ready later" },
    ]),
  ],
);

/** Fields without effect: a warning says so. */
export const idleFields: readonly IdleField[] = [
  { kind: "VirtualService", path: "spec.tls", instead: "Route HTTP, or TCP by port" },
  { kind: "VirtualService", path: "spec.http[].match[].statPrefix", instead: "Take it away" },
  ...connections.map((field): IdleField => ({ kind: "DestinationRule", ...field })),
  { kind: "Gateway", path: "spec.servers[].defaultEndpoint", instead: "Take it away" },
];

/** Fields that people rely on for their safety: denied, because storing them would promise what nothing keeps. */
export const idleSecurityFields: readonly IdleField[] = [
  {
    kind: "Gateway",
    path: "spec.servers[].tls.mode",
    instead: "Serve plain HTTP behind a load balancer that ends TLS",
  },
  ...["spec.trafficPolicy", "spec.subsets[].trafficPolicy"].flatMap((policy) =>
    ["", ".portLevelSettings[]"].flatMap((level) =>
      ["clientCertificate", "credentialName", "caCrl"].map(
        (field): IdleField => ({
          kind: "DestinationRule",
          path: `${policy}${level}.tls.${field}`,
          instead: "Let the application make the TLS connection itself",
        }),
      ),
    ),
  ),
];

/** Complaints for the fields of a list that an object has. */
export function* idleIn(
  fields: readonly IdleField[],
  object: { readonly kind: Kind },
  reason: string,
): Iterable<Complaint> {
  for (const { kind, path, instead } of fields) {
    if (kind !== object.kind) continue;
    for (const place of placesOf(object, path.split(/\.|(?=\[\])/), jsonPath())) {
      yield { path: place, problem: `${lastName(path)} has no effect in this version`, reason, fix: instead };
    }
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Where in a value such a path leads to something. */
function* placesOf(value: unknown, [step, ...rest]: readonly string[], path: JsonPath): Iterable<JsonPath> {
  if (value === undefined || value === null) return;
  if (step === undefined) {
    yield path;
    return;
  }
  if (typeof value !== "object") return;
  const entries = Object.entries(value).filter(([key]) => step === "[]" || key === step);
  for (const [key, item] of entries) yield* placesOf(item, rest, child(path, Array.isArray(value) ? Number(key) : key));
}
