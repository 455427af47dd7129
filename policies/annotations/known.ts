// Istio's annotations: on which objects each is read, and which have had their day. Names are facts of its API.
// @see https://istio.io/latest/docs/reference/config/annotations/

/** What may carry an annotation. */
export type Carrier = "Pod" | "Service" | "Namespace" | "Deployment" | "Gateway" | "Ingress" | "WorkloadEntry" | "any";

export interface KnownAnnotation {
  readonly carriers: readonly Carrier[];
  /** What has taken its place; "" where nothing has. */
  readonly successor?: string;
}

const on = (carriers: readonly Carrier[], names: readonly string[]): readonly (readonly [string, KnownAnnotation])[] =>
  names.map((name) => [name, { carriers }]);

const below = (prefix: string, names: readonly string[]): readonly string[] => names.map((name) => `${prefix}/${name}`);

const matcher = "proxyStatsMatcher in proxy.istio.io/config";

/** Annotations of pods that are old. */
const old: readonly (readonly [string, string])[] = [
  ["sidecar.istio.io/inject", 'the label sidecar.istio.io/inject: "true" or "false"'],
  ["sidecar.istio.io/statsInclusionPrefixes", matcher],
  ["sidecar.istio.io/statsInclusionRegexps", matcher],
  ["sidecar.istio.io/statsInclusionSuffixes", matcher],
  ["sidecar.istio.io/controlPlaneAuthPolicy", ""],
  ["sidecar.istio.io/discoveryAddress", "discoveryAddress in proxy.istio.io/config"],
  ["traffic.sidecar.istio.io/kubevirtInterfaces", "istio.io/reroute-virtual-interfaces"],
  ["alpha.istio.io/identity", "the pod's serviceAccountName"],
  ["policy.istio.io/check", ""],
  ["policy.istio.io/checkBaseRetryWaitTime", ""],
  ["policy.istio.io/checkMaxRetryWaitTime", ""],
  ["policy.istio.io/checkRetries", ""],
  ["policy.istio.io/lang", ""],
];

const ofPods: readonly string[] = [
  ...below("sidecar.istio.io", [
    "agentLogLevel",
    "bootstrapOverride",
    "capNetBindService",
    "componentLogLevel",
    "enableCoreDump",
    "extraStatTags",
    "interceptionMode",
    "logLevel",
    "nativeSidecar",
    "proxyCPU",
    "proxyCPULimit",
    "proxyImage",
    "proxyImageType",
    "proxyMemory",
    "proxyMemoryLimit",
    "rewriteAppHTTPProbers",
    "statsCompression",
    "statsEvictionInterval",
    "statsFlushInterval",
    "statsHistogramBins",
    "statsHistogramBuckets",
    "status",
    "userVolume",
    "userVolumeMount",
  ]),
  ...below("traffic.sidecar.istio.io", [
    "excludeInboundPorts",
    "excludeInterfaces",
    "excludeOutboundIPRanges",
    "excludeOutboundPorts",
    "includeInboundPorts",
    "includeOutboundIPRanges",
    "includeOutboundPorts",
  ]),
  ...below("readiness.status.sidecar.istio.io", [
    "applicationPorts",
    "failureThreshold",
    "initialDelaySeconds",
    "periodSeconds",
  ]),
  ...below("ambient.istio.io", ["bypass-inbound-capture", "dns-capture", "redirection"]),
  ...below("prometheus.istio.io", ["merge-metrics", "scrape-targets"]),
  ...below("proxy.istio.io", ["config", "overrides"]),
  ...below("istio.io", ["reroute-virtual-interfaces", "rev"]),
  "status.sidecar.istio.io/port",
  "inject.istio.io/templates",
  "security.istio.io/autoMTLS",
];

/** Every annotation of Istio's that this version knows of, with Kubernetes' own for the class of an Ingress. */
export const knownAnnotations: ReadonlyMap<string, KnownAnnotation> = new Map([
  ...on(["Pod"], ofPods),
  ...old.map(([name, successor]) => [name, { carriers: ["Pod"], successor }] as const),
  ...on(
    ["Service"],
    [
      ...below("alpha.istio.io", ["canonical-serviceaccounts", "kubernetes-serviceaccounts"]),
      ...below("networking.istio.io", ["exportTo", "traffic-distribution"]),
      "traffic.istio.io/nodeSelector",
    ],
  ),
  ...on(["Namespace"], ["topology.istio.io/controlPlaneClusters"]),
  ...on(
    ["Gateway"],
    [
      ...below("gateway.istio.io", ["name-override", "service-account", "tls-terminate-mode"]),
      ...below("networking.istio.io", ["address-type", "service-type"]),
    ],
  ),
  ...on(["WorkloadEntry"], below("istio.io", ["autoRegistrationGroup", "connectedAt", "disconnectedAt"])),
  ...on(["Ingress"], ["kubernetes.io/ingress.class"]),
  ...on(
    ["any"],
    [
      "galley.istio.io/analyze-suppress",
      "gateway.istio.io/controller-version",
      ...below("install.operator.istio.io", ["chart-owner", "owner-generation", "version"]),
      ...below("internal.istio.io", ["parents", "route-semantics", "service-upgrade"]),
    ],
  ),
]);
