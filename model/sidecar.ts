// The contract of the sidecar: what the injector writes into a pod and what the control plane's listeners answer must agree.
// Numbers and names are Istio's, because dashboards, network policies and people know them.

/** Ports of the proxy inside a pod. @see https://istio.io/latest/docs/ops/deployment/application-requirements/#ports-used-by-istio */
export const sidecarPorts = {
  /** Envoy's admin interface, loopback only. */
  admin: 15000,
  /** Redirected outbound connections. */
  outbound: 15001,
  /** Redirected inbound connections. */
  inbound: 15006,
  /** What is asked of the application through the proxy: probes and lifecycle hooks; statistics, put together with its own. */
  probes: 15020,
  /** `/healthz/ready`. */
  health: 15021,
  /** `/stats/prometheus`. */
  prometheus: 15090,
} as const;

/** Ports that the redirect rules leave alone on the way in. */
export const excludedInboundPorts: readonly number[] = [
  sidecarPorts.probes,
  sidecarPorts.health,
  sidecarPorts.prometheus,
];

/** User and group of the proxy; its own traffic is not redirected. */
export const proxyUserId = 1337;

/** The container's name, and the names that the pod's volumes and files have in it. */
export const sidecarNames = {
  proxyContainer: "istio-proxy",
  initContainer: "istio-init",
  tokenVolume: "istio-token",
  tokenDirectory: "/var/run/secrets/tokens",
  tokenFile: "/var/run/secrets/tokens/istio-token",
  rootVolume: "istiod-ca-cert",
  rootDirectory: "/var/run/secrets/istio",
  rootFile: "/var/run/secrets/istio/root-cert.pem",
  rootConfigMap: "istio-ca-root-cert",
  /** Envoy's own interface, as a cluster of the bootstrap. */
  adminCluster: "admin",
  /** The audience that the projected token is for. */
  tokenAudience: "istio-ca",
} as const;

/** Label that says that a pod's proxy speaks mutual TLS. */
export const tlsModeLabel = "security.istio.io/tlsMode";
/** Annotation that lists what was injected. */
export const statusAnnotation = "sidecar.istio.io/status";
/**
 * Annotation with the application's original probes, as the control plane needs them to answer in their place:
 * JSON of {@link ProbeTable}. Written by the injector, read by envoy/.
 */
export const probesAnnotation = "sidecar.pillion.io/probes";

/** What names of clusters that answer probes begin with. Envoy answers by their statistics, so every proxy keeps these. */
export const probeClusterPrefix = "probe|";

/** Path on port 15020 that stands for a probe: `/app-health/CONTAINER/readyz`. */
export function probePath(container: string, probe: ProbeName): string {
  return `/app-health/${container}/${probe}`;
}

/** readyz: readinessProbe, livez: livenessProbe, startupz: startupProbe. */
export type ProbeName = "readyz" | "livez" | "startupz";

/** Path on port 15020 that stands for a lifecycle hook: `/app-lifecycle/CONTAINER/prestopz`. */
export function hookPath(container: string, hook: HookName): string {
  return `${hookPathPrefix}${container}/${hook}`;
}

/** What paths of hooks begin with. */
export const hookPathPrefix = "/app-lifecycle/";

/** prestopz: lifecycle.preStop, poststartz: lifecycle.postStart. */
export type HookName = "prestopz" | "poststartz";

/** Where Prometheus finds the proxy's statistics, on ports 15020 (with the application's own) and 15090 (without). */
export const metricsPath = "/stats/prometheus";

/** What port 15020 answers, by path. */
export type ProbeTable = Readonly<Record<string, ApplicationProbe | MergedMetrics>>;

/** A question to the application. Ports are numbers: names were resolved by the injector. */
export type ApplicationProbe =
  | HttpProbe
  | { readonly type: "tcp"; readonly port: number; readonly timeoutSeconds: number }
  | { readonly type: "grpc"; readonly port: number; readonly service: string; readonly timeoutSeconds: number };

export interface HttpProbe {
  readonly type: "http";
  readonly port: number;
  readonly path: string;
  readonly https: boolean;
  readonly host?: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** 0: no limit, as hooks have none of their own. */
  readonly timeoutSeconds: number;
}

/** Statistics for Prometheus: the proxy's, and behind them the application's where it has some. */
export interface MergedMetrics {
  readonly type: "metrics";
  readonly application?: HttpProbe;
  /** Further addresses of the application, asked after that one. */
  readonly more?: readonly HttpProbe[];
}

/** All addresses where the application has statistics, in the order in which they are asked. */
export function applicationsOf({ application, more = [] }: MergedMetrics): readonly HttpProbe[] {
  return application === undefined ? [] : [application, ...more];
}

/** What the application is asked. */
export function questionsIn(table: ProbeTable): readonly ApplicationProbe[] {
  return Object.values(table).flatMap((entry) => (entry.type === "metrics" ? applicationsOf(entry) : entry));
}
