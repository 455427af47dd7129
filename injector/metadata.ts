// Labels and annotations that injection sets. What the user wrote stays.
import { type ProbeTable, probesAnnotation, statusAnnotation, tlsModeLabel } from "../model/sidecar.ts";
import { rootSecretAnnotation } from "./bootstrap.ts";
import { type JsonObject, objectAt, textAt, withKeys } from "./json.ts";
import { applicationContainers, labelsOf, workloadName } from "./pod.ts";
import { type Overrides, overridesAnnotation, type Status } from "./status.ts";
import type { Template } from "./templates.ts";

const canonicalNameLabel = "service.istio.io/canonical-name";
const canonicalRevisionLabel = "service.istio.io/canonical-revision";

/** Longest value of a label. */
const labelCharacters = 63;

/** The name under which the pod's traffic is counted: its labels', or else its workload's. */
export function canonicalName(pod: JsonObject, labels = labelsOf(pod)): string {
  const name = labels[canonicalNameLabel] || labels["app.kubernetes.io/name"] || labels["app"] || workloadName(pod);
  return name.slice(0, labelCharacters).replace(/[^A-Za-z0-9]+$/, "");
}

function canonicalRevision(labels: Readonly<Record<string, string>>): string {
  return labels[canonicalRevisionLabel] || labels["app.kubernetes.io/version"] || labels["version"] || "latest";
}

/** What injection has to write down about itself. */
export interface Injected {
  readonly template: Template;
  readonly status: Status;
  readonly overrides: Overrides;
  /** Annotations that tell Prometheus where to ask. */
  readonly metrics: Readonly<Record<string, string>>;
  readonly probes: ProbeTable;
  /** Label that names the pod's network; nothing where there is one network only. */
  readonly network: Readonly<Record<string, string>>;
  /** Text of the file that names the root certificate. */
  readonly root: string;
}

/** The pod's metadata after injection. */
export function injectedMetadata(pod: JsonObject, injected: Injected): JsonObject {
  const metadata = objectAt(pod, "metadata");
  const first = textAt(applicationContainers(pod)[0] ?? {}, "name");
  const present = labelsOf(pod);
  const labels = {
    ...objectAt(metadata, "labels"),
    ...(injected.template === "sidecar" ? { [tlsModeLabel]: "istio" } : {}),
    [canonicalNameLabel]: canonicalName(pod, present),
    [canonicalRevisionLabel]: canonicalRevision(present),
    ...injected.network,
    ...present,
  };
  const annotations = {
    ...(first === ""
      ? {}
      : { "kubectl.kubernetes.io/default-container": first, "kubectl.kubernetes.io/default-logs-container": first }),
    ...objectAt(metadata, "annotations"),
    ...injected.metrics,
    "istio.io/rev": injected.status.revision,
    [rootSecretAnnotation]: injected.root,
    [statusAnnotation]: JSON.stringify(injected.status),
  };
  const { containers, initContainers } = injected.overrides;
  return withKeys(metadata, {
    labels,
    annotations: withKeys(annotations, {
      [overridesAnnotation]:
        containers.length + initContainers.length === 0 ? undefined : JSON.stringify(injected.overrides),
      [probesAnnotation]: Object.keys(injected.probes).length === 0 ? undefined : JSON.stringify(injected.probes),
    }),
  });
}
