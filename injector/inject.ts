// Pod in, pod out: everything that injection changes, in one place. Injecting an injected pod changes nothing, unless what it
// depends on did; then ours is built anew, and what others wrote beside it stays.
import { type Finding, hasErrors } from "../base/finding.ts";
import type { ProbeTable } from "../model/sidecar.ts";
import { proxyUserId } from "../model/sidecar.ts";
import { rootSecret } from "./bootstrap.ts";
import type { NamespaceFacts } from "./decide.ts";
import { type Json, type JsonObject, listAt, objectAt, textAt, withKeys } from "./json.ts";
import { canonicalName, injectedMetadata } from "./metadata.ts";
import { mergedMetrics } from "./metrics.ts";
import { labelOfNetwork, settingsOfNetwork } from "./network.ts";
import { type PodOptions, readOptions } from "./options.ts";
import { checkOverrides } from "./override-checks.ts";
import { type OwnParts, ownParts } from "./own-parts.ts";
import { annotationsOf, isOurs, podRef } from "./pod.ts";
import { type PodReport, podReport } from "./pod-findings.ts";
import { rewriteProbes } from "./probes.ts";
import { type InjectorSettings, withControlPlane } from "./settings.ts";
import { type Earlier, earlierInjection, overridesOf } from "./status.ts";
import { withStopDelay } from "./stop-delay.ts";
import { askedTemplate, type Template, templatesAnnotation } from "./templates.ts";

export interface Injection {
  /** The pod as it must become; the very same object where errors refuse it. */
  readonly pod: JsonObject;
  readonly findings: readonly Finding[];
}

/**
 * Put the proxy into a pod for which decide() said so. Fields that we do not know are kept.
 * Errors among the findings refuse the pod.
 */
export function inject(pod: JsonObject, namespace: NamespaceFacts, given: InjectorSettings): Injection {
  const report = podReport(podRef(pod, namespace.name));
  const template = templateOf(pod, report);
  refuseOpenShift(namespace, report);
  const revision = settingsOfNetwork(given, pod, namespace);
  const options = readOptions(pod, revision, report);
  const settings = options.xds === undefined ? revision : withControlPlane(revision, options.xds);
  const earlier = earlierInjection(pod, report);
  const overrides = overridesOf(pod, earlier);
  checkOverrides(overrides, report);
  if (hasErrors(report.findings)) return { pod, findings: report.findings };

  const made = ownParts(settings, { options, template, serviceName: canonicalName(pod), overrides });
  // Where our parts would come out as they did before, what stands in the pod is kept.
  const isUnchanged = earlier?.status.fingerprint === made.fingerprint;
  const parts = isUnchanged ? standingParts(pod, made) : made;
  const { containers, initContainers, probes } = applications(pod, options, template, earlier, report);
  const metrics = mergedMetrics(pod, { settings, template, known: earlier?.probes ?? {} }, report);
  if (hasErrors(report.findings)) return { pod, findings: report.findings };
  const inPlace = placed(parts, options, template, { containers, initContainers });
  const spec = objectAt(pod, "spec");
  const volumes = mergedVolumes(spec, parts, earlier?.status.volumes ?? [], isUnchanged);
  const status = {
    initContainers: listed(inPlace.initContainers),
    containers: listed(inPlace.containers),
    volumes: volumes.own,
    imagePullSecrets: settings.imagePullSecrets,
    revision: settings.revision,
    fingerprint: parts.fingerprint,
  };
  const injected = withKeys(pod, {
    metadata: injectedMetadata(pod, {
      template,
      status,
      overrides,
      metrics: metrics.annotations,
      probes: Object.assign(probes, metrics.table),
      network: labelOfNetwork(settings.network),
      root: rootSecret(settings),
    }),
    spec: withKeys(spec, {
      ...gatewaySecurity(spec, template),
      initContainers:
        inPlace.initContainers.length === 0 && spec["initContainers"] === undefined
          ? undefined
          : inPlace.initContainers,
      containers: inPlace.containers,
      volumes: volumes.all,
      ...pullSecrets(spec, settings),
    }),
  });
  return { pod: injected, findings: report.findings };
}

/** Which of our two templates the pod asks for; others are refused. */
function templateOf(pod: JsonObject, report: PodReport): Template {
  const template = askedTemplate(pod);
  if (template !== undefined) return template;
  report.unsupported(
    ["metadata", "annotations", templatesAnnotation],
    `injection template "${annotationsOf(pod)[templatesAnnotation] ?? ""}" is asked for`,
    'Use "sidecar" or "gateway", and change single fields with a container named istio-proxy in the pod',
  );
  return "sidecar";
}

/** OpenShift lets pods of a namespace run under users of its own range only; ours is fixed. */
function refuseOpenShift(namespace: NamespaceFacts, report: PodReport): void {
  if (namespace.annotations?.["openshift.io/sa.scc.uid-range"] === undefined) return;
  report.unsupported(
    ["metadata", "namespace"],
    `namespace "${namespace.name}" has a range of users of OpenShift`,
    `Allow user ${proxyUserId} there with a security context constraint, and remove the annotation openshift.io/sa.scc.uid-range`,
  );
}

/** What stands in the pod in place of our own parts: others may have added to it. */
function standingParts(pod: JsonObject, parts: OwnParts): OwnParts {
  const spec = objectAt(pod, "spec");
  const standing = [...listAt(spec, "initContainers"), ...listAt(spec, "containers")];
  const kept = (built: JsonObject): JsonObject => standing.find((one) => one["name"] === built["name"]) ?? built;
  const { proxy, init } = parts;
  return { ...parts, proxy: kept(proxy), init: init === undefined ? undefined : kept(init) };
}

interface Lists {
  readonly containers: readonly JsonObject[];
  readonly initContainers: readonly JsonObject[];
}

/** The pod's own containers, with their probes going through the proxy and time to finish when they are stopped. */
function applications(
  pod: JsonObject,
  options: PodOptions,
  template: Template,
  earlier: Earlier | undefined,
  report: PodReport,
): Lists & { readonly probes: Record<string, ProbeTable[string]> } {
  const spec = objectAt(pod, "spec");
  const probes: Record<string, ProbeTable[string]> = {};
  const probed = (container: JsonObject): JsonObject => {
    if (template === "gateway" || !options.rewriteProbes) return container;
    const result = rewriteProbes(container, earlier?.probes ?? {}, report);
    Object.assign(probes, result.table);
    return result.container;
  };
  const containers = listAt(spec, "containers").filter((one) => !isOurs(one));
  warnOfProxyUser(spec, containers, report);
  return {
    containers: containers.map((one) =>
      withStopDelay(probed(one), template === "gateway" ? 0 : options.stopDelaySeconds),
    ),
    initContainers: listAt(spec, "initContainers")
      .filter((one) => !isOurs(one))
      .map((one) => (one["restartPolicy"] === "Always" ? probed(one) : one)),
    probes,
  };
}

function warnOfProxyUser(spec: JsonObject, containers: readonly JsonObject[], report: PodReport): void {
  const ofPod = objectAt(spec, "securityContext")["runAsUser"];
  for (const container of containers) {
    if ((objectAt(container, "securityContext")["runAsUser"] ?? ofPod) === proxyUserId) {
      report.runsAsProxy(textAt(container, "name"), proxyUserId);
    }
  }
}

/** Where our containers go: native ones before all others, a classic proxy last (first when it holds the others back). */
function placed(parts: OwnParts, options: PodOptions, template: Template, lists: Lists): Lists {
  const init = parts.init === undefined ? [] : [parts.init];
  if (template === "sidecar" && options.native) {
    return { containers: lists.containers, initContainers: [...init, parts.proxy, ...lists.initContainers] };
  }
  const first = template === "sidecar" && options.hold;
  return {
    containers: first ? [parts.proxy, ...lists.containers] : [...lists.containers, parts.proxy],
    initContainers: [...lists.initContainers, ...init],
  };
}

const listed = (containers: readonly JsonObject[]): readonly string[] =>
  containers.filter(isOurs).map((container) => textAt(container, "name"));

interface Volumes {
  /** The pod's and ours. */
  readonly all: readonly Json[];
  /** Names of those that are ours to take out again: not those that the pod brought itself. */
  readonly own: readonly string[];
}

/** `before` are ours of the last time. One that others changed is kept as long as ours would be the same. */
function mergedVolumes(spec: JsonObject, parts: OwnParts, before: readonly string[], isUnchanged: boolean): Volumes {
  const present = listAt(spec, "volumes");
  const all = isUnchanged ? [...present] : present.filter((volume) => !before.includes(textAt(volume, "name")));
  const own: string[] = [];
  for (const volume of parts.volumes) {
    const name = textAt(volume, "name");
    if (before.includes(name) || !hasName(present, name)) own.push(name);
    if (!hasName(all, name)) all.push(volume);
  }
  return { all, own };
}

const hasName = (list: readonly JsonObject[], name: string): boolean => list.some((one) => one["name"] === name);

function pullSecrets(spec: JsonObject, settings: InjectorSettings): { readonly imagePullSecrets?: Json } {
  const present = listAt(spec, "imagePullSecrets");
  const missing = settings.imagePullSecrets.filter((name) => !hasName(present, name));
  return missing.length === 0 ? {} : { imagePullSecrets: [...missing.map((name) => ({ name })), ...present] };
}

/** A gateway may listen on ports below 1024 without being root. */
function gatewaySecurity(spec: JsonObject, template: Template): { readonly securityContext?: Json } {
  if (template !== "gateway" || spec["securityContext"] !== undefined) return {};
  return { securityContext: { sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "0" }] } };
}
