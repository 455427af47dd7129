// Fields that are read and checked, but that this version does not act on yet. A line goes when its translation comes.
import type { Kind } from "../api/kinds.ts";
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import type { Complaint } from "./rule.ts";

/** A field by its path; `[]` stands for every item of a list. */
export interface IdleField {
  readonly kind: Kind;
  readonly path: string;
  /** Only this word, however it is capitalized, is without effect; any value when left out. */
  readonly word?: string;
  /** What one does meanwhile. No full stop. */
  readonly instead: string;
}

const policies = ["spec.trafficPolicy", "spec.subsets[].trafficPolicy"];
const settings = policies.flatMap((policy) => [policy, `${policy}.portLevelSettings[]`]);

/** Fields without effect: a warning says so. */
export const idleFields: readonly IdleField[] = [
  ...policies.flatMap((policy): IdleField[] => [
    { kind: "DestinationRule", path: `${policy}.tunnel`, instead: "Call the proxy itself" },
    {
      kind: "DestinationRule",
      path: `${policy}.proxyProtocol`,
      instead: "Take the client's address from X-Forwarded-For",
    },
  ]),
  ...settings.flatMap((policy): IdleField[] => [
    ...["localityLbSetting", "zoneAwareLbSetting"].map(
      (name): IdleField => ({
        kind: "DestinationRule",
        path: `${policy}.loadBalancer.${name}`,
        instead: "Take it away: all endpoints are treated alike",
      }),
    ),
    {
      kind: "DestinationRule",
      path: `${policy}.loadBalancer.backendUtilization`,
      instead: "Use simple: LEAST_REQUEST",
    },
    {
      kind: "DestinationRule",
      path: `${policy}.outlierDetection.outlierDetectionHttpErrorCodes`,
      instead: "Use consecutive5xxErrors or consecutiveGatewayErrors",
    },
  ]),
  ...["tcp", "tls"].map(
    (list): IdleField => ({
      kind: "VirtualService",
      path: `spec.${list}[].match[].destinationSubnets`,
      instead: "Write a ServiceEntry with these addresses, and rules for its host",
    }),
  ),
  { kind: "Gateway", path: "spec.servers[].defaultEndpoint", instead: "Take it away" },
  {
    kind: "Gateway",
    path: "spec.servers[].port.protocol",
    word: "UDP",
    instead: "Write TCP, where callers speak that: proxies carry no UDP",
  },
  { kind: "Gateway", path: "spec.servers[].bind", instead: "Take it away: the gateway listens on all addresses" },
  { kind: "ServiceEntry", path: "spec.endpoints[].network", instead: "Write an address that callers can reach" },
  { kind: "ServiceEntry", path: "spec.resolution", word: "DYNAMIC_DNS", instead: "Write resolution: NONE" },
];

const fromFiles = "Use serverCertificate, privateKey and caCertificates, with the files in the gateway's pod";

/** Fields that people rely on for their safety: denied, because storing them would promise what nothing keeps. */
export const idleSecurityFields: readonly IdleField[] = [
  ...["credentialName", "credentialNames", "caCertCredentialName", "tlsCertificates"].map(
    (field): IdleField => ({ kind: "Gateway", path: `spec.servers[].tls.${field}`, instead: fromFiles }),
  ),
  ...["caCrl", "subjectAltNames", "verifyCertificateSpki", "verifyCertificateHash"].map(
    (field): IdleField => ({
      kind: "Gateway",
      path: `spec.servers[].tls.${field}`,
      instead: "Sign the certificates of those callers only with the roots in caCertificates",
    }),
  ),
  ...["minProtocolVersion", "maxProtocolVersion", "cipherSuites", "ecdhCurves"].map(
    (field): IdleField => ({
      kind: "Gateway",
      path: `spec.servers[].tls.${field}`,
      instead: "Take it away: Envoy's defaults are TLS 1.2 and 1.3 with modern suites",
    }),
  ),
  {
    kind: "Gateway",
    path: "spec.servers[].tls.mode",
    word: "AUTO_PASSTHROUGH",
    instead: "Use PASSTHROUGH with TLS rules in a VirtualService",
  },
  ...settings.map(
    (policy): IdleField => ({
      kind: "DestinationRule",
      path: `${policy}.tls.credentialName`,
      instead: "Use clientCertificate, privateKey and caCertificates, with the files in the pod",
    }),
  ),
];

/** Complaints for the fields of a list that an object has. */
export function* idleIn(
  fields: readonly IdleField[],
  object: { readonly kind: Kind },
  reason: string,
): Iterable<Complaint> {
  for (const { kind, path, word, instead } of fields) {
    if (kind !== object.kind) continue;
    for (const { value, place } of placesOf(object, path.split(/\.|(?=\[\])/), jsonPath())) {
      if (word !== undefined && (typeof value !== "string" || value.toUpperCase() !== word)) continue;
      yield { path: place, problem: `${word ?? lastName(path)} has no effect in this version`, reason, fix: instead };
    }
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Where in a value such a path leads to something. */
function* placesOf(
  value: unknown,
  [step, ...rest]: readonly string[],
  path: JsonPath,
): Iterable<{ readonly value: unknown; readonly place: JsonPath }> {
  // What is empty says nothing.
  if (value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)) return;
  if (step === undefined) {
    yield { value, place: path };
    return;
  }
  if (typeof value !== "object") return;
  const entries = Object.entries(value).filter(([key]) => step === "[]" || key === step);
  for (const [key, item] of entries) yield* placesOf(item, rest, child(path, Array.isArray(value) ? Number(key) : key));
}
