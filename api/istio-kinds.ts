// Kinds of Istio's API that this version knows by name only, so that it can say so instead of "unknown".

/** A kind that is accepted or denied without being read. */
export interface UnimplementedKind {
  readonly kind: string;
  readonly group: string;
  readonly versions: readonly string[];
  readonly plural: string;
  /** True: people rely on it for their safety, so storing it without enforcing it would be a lie. */
  readonly isSecurity: boolean;
}

/** Groups in which an unknown kind is a user's mistake. */
export const istioGroups: readonly string[] = [
  "networking.istio.io",
  "security.istio.io",
  "telemetry.istio.io",
  "extensions.istio.io",
];

const networking = { group: "networking.istio.io", versions: ["v1", "v1beta1", "v1alpha3"], isSecurity: false };
const security = { group: "security.istio.io", versions: ["v1", "v1beta1"], isSecurity: true };
const extensions = { group: "extensions.istio.io", versions: ["v1alpha1"], isSecurity: false };

/** Each leaves this list when its file comes. */
export const unimplementedKinds: readonly UnimplementedKind[] = [
  { kind: "Sidecar", plural: "sidecars", ...networking },
  { kind: "WorkloadEntry", plural: "workloadentries", ...networking },
  { kind: "WorkloadGroup", plural: "workloadgroups", ...networking },
  { kind: "EnvoyFilter", plural: "envoyfilters", ...networking, versions: ["v1alpha3"] },
  { kind: "ProxyConfig", plural: "proxyconfigs", ...networking, versions: ["v1beta1"] },
  { kind: "RequestAuthentication", plural: "requestauthentications", ...security },
  { kind: "AuthorizationPolicy", plural: "authorizationpolicies", ...security },
  {
    kind: "Telemetry",
    plural: "telemetries",
    group: "telemetry.istio.io",
    versions: ["v1", "v1alpha1"],
    isSecurity: false,
  },
  { kind: "WasmPlugin", plural: "wasmplugins", ...extensions },
  { kind: "TrafficExtension", plural: "trafficextensions", ...extensions },
];
