// What an operator decides about injection, for a whole revision: one frozen object, so that what depends on it is built once.
import { sidecarNames } from "../model/sidecar.ts";
import type { JsonObject } from "./json.ts";
import type { LabelSelector } from "./label-selector.ts";
import { rememberFew } from "./remember-few.ts";

/** Which statistics Envoy keeps, beside those that Pillion always needs. */
export interface StatsMatcher {
  readonly prefixes: readonly string[];
  readonly suffixes: readonly string[];
  readonly regexps: readonly string[];
}

/** What is redirected where neither annotation nor settings say otherwise; written as the annotations are. */
export interface RedirectDefaults {
  /** "*" or CIDRs. */
  readonly includeOutboundIPRanges: string;
  readonly excludeOutboundIPRanges: string;
  /** "*", "" (none) or ports. */
  readonly includeInboundPorts: string;
  readonly excludeInboundPorts: string;
  /** Ports that are redirected even outside of the included ranges. */
  readonly includeOutboundPorts: string;
  readonly excludeOutboundPorts: string;
}

/** A name or an address that the pod can reach, and the name in its certificate. */
export interface ControlPlane {
  readonly host: string;
  readonly port: number;
  readonly sni: string;
}

export interface InjectorSettings {
  /** Holds Envoy, iptables, ip and a shell. */
  readonly proxyImage: string;
  /** "" leaves it to Kubernetes. */
  readonly imagePullPolicy: "" | "Always" | "IfNotPresent" | "Never";
  /** Secret names that every injected pod gets. */
  readonly imagePullSecrets: readonly string[];
  readonly xds: ControlPlane;
  readonly revision: string;
  /** Other names of this revision (`istio.io/rev=prod-stable`); "default" makes it the one for istio-injection=enabled. */
  readonly tags: readonly string[];
  readonly clusterDomain: string;
  readonly clusterId: string;
  /** "" where all pods reach each other directly. */
  readonly network: string;
  /** The ConfigMap, in every namespace, that holds the root certificate. */
  readonly rootConfigMap: string;
  /** Address families of pods; with IPv6 Envoy's own ports listen on both. */
  readonly ipFamilies: readonly ("IPv4" | "IPv6")[];
  /** Whether pods without `sidecar.istio.io/nativeSidecar` get a native sidecar; "auto": where all nodes can run one. */
  readonly nativeSidecars: boolean | "auto";
  /** Versions of the nodes' kubelets, each once; where none is known, all are recent. */
  readonly kubeletVersions: readonly string[];
  /** What happens to a pod that says nothing, in a namespace that is handled. */
  readonly policy: "enabled" | "disabled";
  readonly neverInjectSelector: readonly LabelSelector[];
  readonly alwaysInjectSelector: readonly LabelSelector[];
  /** Namespaces without any label count as labelled istio-injection=enabled. */
  readonly enableNamespacesByDefault: boolean;
  /** `resources` of the proxy and init container. */
  readonly resources: JsonObject;
  /** Threads; 0: from the processor limit. */
  readonly concurrency: number;
  readonly interceptionMode: "REDIRECT" | "NONE" | "TPROXY";
  /** Environment variables of every proxy. */
  readonly environment: Readonly<Record<string, string>>;
  readonly redirect: RedirectDefaults;
  readonly logLevel: string;
  readonly componentLogLevel: string;
  readonly stats: StatsMatcher;
  readonly readiness: {
    readonly initialDelaySeconds: number;
    readonly periodSeconds: number;
    readonly failureThreshold: number;
  };
  /** Prometheus is sent to the proxy, which answers for the application too. */
  readonly mergeMetrics: boolean;
  /** Probes of applications are asked through the proxy. */
  readonly rewriteProbes: boolean;
  /** Seconds that an application without a preStop hook goes on serving after it was told to stop; 0 adds no hook. */
  readonly stopDelaySeconds: number;
  /** A classic sidecar's pod starts its application only when the proxy is ready. */
  readonly holdApplicationUntilProxyStarts: boolean;
}

/** Pillion's defaults; the figures are Istio's, so that capacity plans carry over. */
export const defaultSettings: InjectorSettings = Object.freeze({
  proxyImage: "docker.io/pillion/proxyv2:0.1.0",
  imagePullPolicy: "",
  imagePullSecrets: [],
  xds: { host: "istiod.istio-system.svc", port: 15012, sni: "istiod.istio-system.svc" },
  revision: "default",
  tags: [],
  clusterDomain: "cluster.local",
  clusterId: "Kubernetes",
  network: "",
  rootConfigMap: sidecarNames.rootConfigMap,
  ipFamilies: ["IPv4"],
  nativeSidecars: "auto",
  kubeletVersions: [],
  policy: "enabled",
  neverInjectSelector: [],
  alwaysInjectSelector: [],
  enableNamespacesByDefault: false,
  resources: { limits: { cpu: "2", memory: "1Gi" }, requests: { cpu: "100m", memory: "128Mi" } },
  concurrency: 0,
  interceptionMode: "REDIRECT",
  environment: {},
  redirect: {
    includeOutboundIPRanges: "*",
    excludeOutboundIPRanges: "",
    includeInboundPorts: "*",
    excludeInboundPorts: "",
    includeOutboundPorts: "",
    excludeOutboundPorts: "",
  },
  logLevel: "warning",
  componentLogLevel: "misc:error",
  stats: { prefixes: [], suffixes: [], regexps: [] },
  readiness: { initialDelaySeconds: 0, periodSeconds: 15, failureThreshold: 4 },
  mergeMetrics: true,
  rewriteProbes: true,
  stopDelaySeconds: 2,
  holdApplicationUntilProxyStarts: false,
} satisfies InjectorSettings);

/** Control planes that are remembered; whoever creates pods may name any. */
const moved = rememberFew<InjectorSettings, InjectorSettings>(64);

/** The same with another control plane; the same object for the same settings and control plane. */
export function withControlPlane(settings: InjectorSettings, { host, port, sni }: ControlPlane): InjectorSettings {
  const key = JSON.stringify([host, port, sni]);
  return moved.get(settings, key) ?? moved.set(settings, key, Object.freeze({ ...settings, xds: { host, port, sni } }));
}

/** The defaults with these changes, frozen. */
export function injectorSettings(changes: Partial<InjectorSettings>): InjectorSettings {
  return Object.freeze({ ...defaultSettings, ...changes });
}
