// Labels and annotations that injection sets. What the user wrote stays.
import { type ProbeTable, probesAnnotation, statusAnnotation, tlsModeLabel } from "../model/sidecar.ts";
import { rootSecretAnnotation } from "./bootstrap.ts";
import { type Json, type JsonObject, objectAt, textAt, withKeys } from "./json.ts";
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
  return withKeys(metadata, {
    labels: injectedLabels(pod, objectAt(metadata, "labels"), injected),
    annotations: injectedAnnotations(pod, objectAt(metadata, "annotations"), injected),
  });
}

function injectedLabels(pod: JsonObject, given: JsonObject, { template, network }: Injected): JsonObject {
  const labels: Record<string, Json> = { ...given };
  const present = labelsOf(pod);
  const add = (name: string, value: string): void => {
    if (present[name] === undefined) labels[name] = value;
  };
  if (template === "sidecar") add(tlsModeLabel, "istio");
  add(canonicalNameLabel, canonicalName(pod, present));
  add(canonicalRevisionLabel, canonicalRevision(present));
  for (const name of Object.keys(network)) add(name, network[name] ?? "");
  return labels;
}

const shownFirst = ["kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"] as const;

function injectedAnnotations(pod: JsonObject, given: JsonObject, injected: Injected): JsonObject {
  const annotations: Record<string, Json> = { ...given };
  const { status, metrics, root, overrides, probes } = injected;
  const first = textAt(applicationContainers(pod)[0] ?? {}, "name");
  for (const name of shownFirst) if (first !== "") annotations[name] ??= first;
  for (const name of Object.keys(metrics)) annotations[name] = metrics[name] ?? "";
  annotations["istio.io/rev"] = status.revision;
  annotations[rootSecretAnnotation] = root;
  annotations[statusAnnotation] = JSON.stringify(status);
  const hasOverrides = overrides.containers.length + overrides.initContainers.length > 0;
  setOrRemove(annotations, overridesAnnotation, hasOverrides ? JSON.stringify(overrides) : undefined);
  setOrRemove(annotations, probesAnnotation, Object.keys(probes).length > 0 ? JSON.stringify(probes) : undefined);
  return annotations;
}

function setOrRemove(annotations: Record<string, Json>, name: string, text: string | undefined): void {
  if (text !== undefined) annotations[name] = text;
  else if (name in annotations) delete annotations[name];
}
