// One address for Prometheus: the proxy answers with its own statistics and, behind them, the application's.
// @see https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
import {
  excludedInboundPorts,
  type HttpProbe,
  type MergedMetrics,
  metricsPath,
  type ProbeTable,
  sidecarPorts,
} from "../model/sidecar.ts";
import { ports, trueOrFalse } from "./forms.ts";
import type { JsonObject } from "./json.ts";
import { annotationsOf } from "./pod.ts";
import type { PodReport } from "./pod-findings.ts";
import type { InjectorSettings } from "./settings.ts";
import type { Template } from "./templates.ts";

/** What becomes of a pod's annotations for Prometheus. */
export interface Metrics {
  readonly annotations: Readonly<Record<string, string>>;
  /** What port 15020 answers for it; nothing where Prometheus does not ask there. */
  readonly table: ProbeTable;
}

const mergeAnnotation = "prometheus.istio.io/merge-metrics";
const targetsAnnotation = "prometheus.istio.io/scrape-targets";
const name = {
  scrape: "prometheus.io/scrape",
  port: "prometheus.io/port",
  path: "prometheus.io/path",
  scheme: "prometheus.io/scheme",
} as const;

/** Prometheus' defaults, as Istio has them. */
const defaults = { port: 80, path: "/metrics" } as const;
/** Prometheus itself waits 10 s by default, and the proxy has to answer before, however many it asks one after the other. */
const timeoutSeconds = 8;
const mostTargets = 8;

/** Ports of the proxy's own: there is no application behind them. */
const ownPorts: ReadonlySet<number> = new Set([
  ...excludedInboundPorts,
  sidecarPorts.admin,
  sidecarPorts.outbound,
  sidecarPorts.inbound,
]);

const nothing: Metrics = { annotations: {}, table: {} };

const place = (port: number): Metrics["annotations"] => ({
  [name.scrape]: "true",
  [name.port]: String(port),
  [name.path]: metricsPath,
});
const [proxyItself, proxyForAll] = [place(sidecarPorts.prometheus), place(sidecarPorts.probes)];

/** Sends Prometheus to the proxy, unless the pod or the mesh says otherwise. `known` is the table of an earlier injection. */
export function mergedMetrics(
  pod: JsonObject,
  { settings, template, known }: { settings: InjectorSettings; template: Template; known: ProbeTable },
  report: PodReport,
): Metrics {
  const annotations = annotationsOf(pod);
  const wish = annotations[mergeAnnotation];
  const merge = wish === undefined ? settings.mergeMetrics : trueOrFalse.parse(wish);
  if (merge === undefined) report.malformed(mergeAnnotation, wish ?? "", trueOrFalse.expects);
  if (merge !== true || annotations[name.scrape] === "false") return nothing;
  const to = (place: Metrics["annotations"]): Metrics["annotations"] =>
    annotations[name.scheme] === undefined ? place : { ...place, [name.scheme]: "http" };
  // A gateway has no application beside it.
  if (template === "gateway") return { annotations: to(proxyItself), table: {} };
  const before = known[metricsPath] ?? proxyAlone;
  const entry = goesToProxy(annotations) ? before : ofApplication(annotations, report);
  return entry === undefined ? nothing : { annotations: to(proxyForAll), table: { [metricsPath]: entry } };
}

const proxyAlone: MergedMetrics = { type: "metrics" };

const goesToProxy = (annotations: Readonly<Record<string, string>>): boolean =>
  annotations[name.port] === String(sidecarPorts.probes) && annotations[name.path] === metricsPath;

/** What the pod's own annotations lead to; undefined where they are malformed, which is reported. */
function ofApplication(annotations: Readonly<Record<string, string>>, report: PodReport): MergedMetrics | undefined {
  const targets = annotations[targetsAnnotation] ?? "";
  if (targets.trim() !== "") return ofTargets(targets, report);
  const given = annotations[name.port];
  const path = annotations[name.path] ?? defaults.path;
  const isAsked = given !== undefined || annotations[name.path] !== undefined || annotations[name.scrape] !== undefined;
  if (!isAsked) return proxyAlone;
  const port = given === undefined ? defaults.port : applicationPort(given);
  if (port === undefined) {
    report.malformed(name.port, given ?? "", "a port of the application, none of the proxy's own");
    return undefined;
  }
  const https = annotations[name.scheme]?.toLowerCase() === "https";
  return { type: "metrics", application: { type: "http", port, path, https, headers: [], timeoutSeconds } };
}

function applicationPort(text: string): number | undefined {
  const [port, ...more] = ports.parse(text) ?? [];
  return port === undefined || more.length > 0 || ownPorts.has(port) ? undefined : port;
}

/** Addresses as `9100:/metrics,9101`; they share the time that there is. */
function ofTargets(text: string, report: PodReport): MergedMetrics | undefined {
  const words = text.split(",").flatMap((word) => word.trim() || []);
  const timeout = Math.floor(timeoutSeconds / Math.max(words.length, 1));
  const [application, ...more] = words.flatMap((word): HttpProbe[] => {
    const [, portText = "", path] = /^([^:]*)(?::(.*))?$/s.exec(word) ?? [];
    const port = applicationPort(portText.trim());
    const isPath = path === undefined || path.trim() === "" || path.trim().startsWith("/");
    if (port === undefined || !isPath) return [];
    return [
      { type: "http", port, path: path?.trim() || defaults.path, https: false, headers: [], timeoutSeconds: timeout },
    ];
  });
  if (application === undefined || more.length + 1 !== words.length || words.length > mostTargets) {
    const expects = `up to ${mostTargets} ports of the application, each with its path, separated by commas, such as "9100:/metrics,9101"`;
    report.malformed(targetsAnnotation, text, expects);
    return undefined;
  }
  return { type: "metrics", application, ...(more.length === 0 ? {} : { more }) };
}
