// What one pod asks for: its annotations over the settings of its revision, every value checked.
import { probesAnnotation, statusAnnotation } from "../model/sidecar.ts";
import { rootSecretAnnotation } from "./bootstrap.ts";
import {
  type AllOr,
  cidrs,
  cidrsOrAll,
  componentLogLevels,
  type Form,
  imageName,
  interfaces,
  logLevel,
  namedObjects,
  ports,
  portsOrAll,
  quantity,
  regularExpressions,
  seconds,
  trueOrFalse,
  wholeNumber,
  words,
} from "./forms.ts";
import { type JsonObject, objectAt } from "./json.ts";
import { nativeSidecarsFit } from "./native-sidecars.ts";
import { annotationsOf } from "./pod.ts";
import type { PodReport } from "./pod-findings.ts";
import { controlPlane, type ProxyConfig, proxyConfigAnnotation, readProxyConfig } from "./proxy-config.ts";
import type { Redirect } from "./redirect.ts";
import { rememberFew } from "./remember-few.ts";
import type { ControlPlane, InjectorSettings, StatsMatcher } from "./settings.ts";
import { fittingStopDelay } from "./stop-delay.ts";

export interface PodOptions {
  readonly image: string;
  readonly native: boolean;
  /** undefined: nothing is redirected (interception mode NONE). */
  readonly redirect: Omit<Redirect, "proxyUser"> | undefined;
  readonly resources: JsonObject;
  /** 0: from the processor limit. */
  readonly concurrency: number;
  readonly logLevel: string;
  readonly componentLogLevel: string;
  /** The settings' own object where no annotation adds to it. */
  readonly stats: StatsMatcher;
  /** undefined: no readiness probe. */
  readonly readiness: InjectorSettings["readiness"] | undefined;
  readonly rewriteProbes: boolean;
  readonly stopDelaySeconds: number;
  readonly hold: boolean;
  readonly volumes: readonly JsonObject[];
  readonly volumeMounts: readonly JsonObject[];
  /** undefined: the settings' own. */
  readonly xds: ControlPlane | undefined;
  /** Environment variables of proxyMetadata. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Seconds that applications without a preStop hook go on serving; Pillion's own annotation. */
export const stopDelayAnnotation = "sidecar.pillion.io/stopDelaySeconds";

/** Reads one annotation, or gives the fallback; a malformed value is reported and counts as absent. */
type Read = <T, F>(name: string, form: Form<T>, fallback: F) => T | F;

/** Annotations that are Istio's agent's, and what happens here instead. */
const agentAnnotations: Readonly<Record<string, readonly [reason: string, fix: string]>> = {
  "sidecar.istio.io/agentLogLevel": [
    "There is no agent beside Envoy",
    "Use sidecar.istio.io/logLevel for Envoy's own log",
  ],
  "sidecar.istio.io/bootstrapOverride": [
    "Envoy's bootstrap rides in its arguments and is not read from a file",
    "Remove it",
  ],
  "sidecar.istio.io/proxyImageType": [
    "The proxy image has one form",
    "Use sidecar.istio.io/proxyImage for another image",
  ],
  ...Object.fromEntries(
    [
      "statsHistogramBuckets",
      "statsHistogramBins",
      "statsFlushInterval",
      "statsEvictionInterval",
      "statsCompression",
    ].map((name) => [`sidecar.istio.io/${name}`, ["Envoy's own default holds", "Remove it"] as const]),
  ),
  "sidecar.istio.io/extraStatTags": ["The mesh's metrics have the tags of docs/ARCHITECTURE.md", "Remove it"],
  "sidecar.istio.io/capNetBindService": [
    "The proxy binds no port below 1024",
    'Give a gateway the sysctl net.ipv4.ip_unprivileged_port_start, which the template "gateway" does',
  ],
  "readiness.status.sidecar.istio.io/applicationPorts": [
    "The proxy is ready when it has its configuration",
    "Give the application a readinessProbe",
  ],
};

/** Networks of Multus; Istio's own injector adds its plugin there. */
const networksAnnotation = "k8s.v1.cni.cncf.io/networks";
const istioPlugin = /(^|[\s,/"])istio-cni($|[\s,@"])/;

const remembered = rememberFew<InjectorSettings, PodOptions>(300);

/**
 * Everything that this pod's annotations decide; what is wrong with them goes to `report`. The same object for the same settings
 * and equal annotations, where there is nothing to report.
 */
export function readOptions(pod: JsonObject, settings: InjectorSettings, report: PodReport): PodOptions {
  const annotations = annotationsOf(pod);
  const graceSeconds = objectAt(pod, "spec")["terminationGracePeriodSeconds"];
  const key = JSON.stringify([graceSeconds, ...Object.entries(annotations).filter(([name]) => mayMatter(name))]);
  const known = remembered.get(settings, key);
  if (known !== undefined) return known;
  const before = report.findings.length;
  const options = freshOptions(pod, annotations, settings, report);
  return report.findings.length === before ? remembered.set(settings, key, options) : options;
}

const written: ReadonlySet<string> = new Set([statusAnnotation, probesAnnotation, rootSecretAnnotation]);

/** All annotations that are read here belong to these; what injection itself writes down is not read. */
const mayMatter = (name: string): boolean =>
  name === networksAnnotation || ((name.includes("istio.io/") || name.includes("pillion.io/")) && !written.has(name));

function freshOptions(
  pod: JsonObject,
  annotations: Readonly<Record<string, string>>,
  settings: InjectorSettings,
  report: PodReport,
): PodOptions {
  const read: Read = (name, form, fallback) => {
    const text = annotations[name];
    if (text === undefined) return fallback;
    const value = form.parse(text);
    if (value === undefined) report.malformed(name, text, form.expects);
    return value ?? fallback;
  };
  for (const [name, [reason, fix]] of Object.entries(agentAnnotations)) {
    if (annotations[name] !== undefined) report.withoutEffect(name, reason, fix);
  }
  if (istioPlugin.test(annotations[networksAnnotation] ?? "")) {
    report.withoutEffect(
      networksAnnotation,
      "Pillion has no CNI plugin: the init container istio-init sets the redirect rules",
      "Take the network istio-cni out of it",
      ["istio-cni"],
    );
  }
  const config = readProxyConfig(annotations[proxyConfigAnnotation], report);
  return {
    image: read("sidecar.istio.io/proxyImage", imageName, settings.proxyImage),
    native: read(
      "sidecar.istio.io/nativeSidecar",
      trueOrFalse,
      nativeSidecarsFit(settings.nativeSidecars, settings.kubeletVersions),
    ),
    redirect: readRedirect(annotations, read, config, settings, report),
    resources: readResources(annotations, read, settings),
    concurrency: config.concurrency ?? settings.concurrency,
    logLevel: read("sidecar.istio.io/logLevel", logLevel, settings.logLevel),
    componentLogLevel: read("sidecar.istio.io/componentLogLevel", componentLogLevels, settings.componentLogLevel),
    stats: readStats(read, config, settings.stats),
    readiness: readReadiness(read, settings, report),
    rewriteProbes: read("sidecar.istio.io/rewriteAppHTTPProbers", trueOrFalse, settings.rewriteProbes),
    stopDelaySeconds: fittingStopDelay(pod, read(stopDelayAnnotation, seconds, settings.stopDelaySeconds)),
    hold: config.hold ?? settings.holdApplicationUntilProxyStarts,
    volumes: read("sidecar.istio.io/userVolume", namedObjects, []),
    volumeMounts: read("sidecar.istio.io/userVolumeMount", namedObjects, []),
    xds: read("sidecar.istio.io/discoveryAddress", controlPlane, config.xds),
    environment: { ...settings.environment, ...config.environment },
  };
}

const interceptionMode: Form<"REDIRECT" | "NONE" | "TPROXY"> = {
  expects: '"REDIRECT" or "NONE"',
  parse: (text) => (text === "REDIRECT" || text === "NONE" || text === "TPROXY" ? text : undefined),
};

function readRedirect(
  annotations: Readonly<Record<string, string>>,
  read: Read,
  config: ProxyConfig,
  settings: InjectorSettings,
  report: PodReport,
): PodOptions["redirect"] {
  const modeName = "sidecar.istio.io/interceptionMode";
  const mode = read(modeName, interceptionMode, config.interceptionMode ?? settings.interceptionMode);
  if (mode === "TPROXY") {
    const place = annotations[modeName] === undefined ? proxyConfigAnnotation : modeName;
    report.unsupported(
      ["metadata", "annotations", place],
      'interception mode "TPROXY" is asked for',
      `Use "REDIRECT" (the client's address is in the X-Forwarded-For header), or "NONE"`,
    );
  }
  const traffic = <T>(name: string, form: Form<T>, standard: string): T => {
    const fallback = form.parse(standard);
    if (fallback === undefined) report.malformed(name, standard, form.expects); // a setting of the operator
    return read(`traffic.sidecar.istio.io/${name}`, form, fallback as T); // reported above where it is undefined
  };
  const { redirect } = settings;
  const virtualInterfaces = read("traffic.sidecar.istio.io/kubevirtInterfaces", interfaces, [] as readonly string[]);
  const result = {
    includeOutboundIPRanges: traffic<AllOr<string>>(
      "includeOutboundIPRanges",
      cidrsOrAll,
      redirect.includeOutboundIPRanges,
    ),
    excludeOutboundIPRanges: traffic("excludeOutboundIPRanges", cidrs, redirect.excludeOutboundIPRanges),
    includeInboundPorts: traffic<AllOr<number>>("includeInboundPorts", portsOrAll, redirect.includeInboundPorts),
    excludeInboundPorts: traffic("excludeInboundPorts", ports, redirect.excludeInboundPorts),
    includeOutboundPorts: traffic<AllOr<number>>("includeOutboundPorts", portsOrAll, redirect.includeOutboundPorts),
    excludeOutboundPorts: traffic("excludeOutboundPorts", ports, redirect.excludeOutboundPorts),
    excludeInterfaces: traffic("excludeInterfaces", interfaces, ""),
    virtualInterfaces: read("istio.io/reroute-virtual-interfaces", interfaces, virtualInterfaces),
  };
  return mode === "NONE" ? undefined : result;
}

/** One resource annotation replaces all of the defaults, as in Istio: whoever sets a request decides on limits too. */
function readResources(
  annotations: Readonly<Record<string, string>>,
  read: Read,
  settings: InjectorSettings,
): JsonObject {
  const names = ["proxyCPU", "proxyMemory", "proxyCPULimit", "proxyMemoryLimit"].map(
    (name) => `sidecar.istio.io/${name}`,
  );
  if (names.every((name) => annotations[name] === undefined)) return settings.resources;
  const [cpu, memory, cpuLimit, memoryLimit] = names.map((name) => read(name, quantity, undefined));
  const pair = (one: string | undefined, other: string | undefined): JsonObject => ({
    ...(one === undefined ? {} : { cpu: one }),
    ...(other === undefined ? {} : { memory: other }),
  });
  const requests = pair(cpu, memory);
  const limits = pair(cpuLimit, memoryLimit);
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

function readStats(read: Read, config: ProxyConfig, standard: StatsMatcher): StatsMatcher {
  const named = {
    prefixes: read("sidecar.istio.io/statsInclusionPrefixes", words, config.stats?.prefixes),
    suffixes: read("sidecar.istio.io/statsInclusionSuffixes", words, config.stats?.suffixes),
    regexps: read("sidecar.istio.io/statsInclusionRegexps", regularExpressions, config.stats?.regexps),
  };
  if (Object.values(named).every((one) => one === undefined)) return standard;
  return {
    prefixes: named.prefixes ?? standard.prefixes,
    suffixes: named.suffixes ?? standard.suffixes,
    regexps: named.regexps ?? standard.regexps,
  };
}

function readReadiness(read: Read, settings: InjectorSettings, report: PodReport): PodOptions["readiness"] {
  const portName = "status.sidecar.istio.io/port";
  const port = read(portName, wholeNumber, 15_020);
  if (port !== 0 && port !== 15_020) {
    report.withoutEffect(
      portName,
      "Rewritten probes are answered on port 15020",
      'Remove it, or use "0" for no readiness probe',
    );
  }
  const probe = (name: keyof InjectorSettings["readiness"]): number =>
    read(`readiness.status.sidecar.istio.io/${name}`, wholeNumber, settings.readiness[name]);
  const times = {
    initialDelaySeconds: probe("initialDelaySeconds"),
    periodSeconds: probe("periodSeconds"),
    failureThreshold: probe("failureThreshold"),
  };
  return port === 0 ? undefined : times;
}
