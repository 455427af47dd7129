// What a pod tells about its own injection, so that it can be injected again: by a second round of webhooks, or after it was
// copied out of a cluster with everything in it.
import { createHash } from "node:crypto";
import { type ProbeTable, probesAnnotation, statusAnnotation } from "../model/sidecar.ts";
import { parseJson } from "./forms.ts";
import { isList, isObject, type Json, type JsonObject, listAt, objectAt, textAt } from "./json.ts";
import { annotationsOf, isOurs } from "./pod.ts";
import type { PodReport } from "./pod-findings.ts";

/** The annotation sidecar.istio.io/status. */
export interface Status {
  readonly initContainers: readonly string[];
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly imagePullSecrets: readonly string[];
  readonly revision: string;
  /** Fingerprint of what was injected; equal: nothing that it depends on changed since. */
  readonly fingerprint: string;
}

/** The user's own containers of the mesh's names, as they were before ours went under them. */
export interface Overrides {
  readonly containers: readonly JsonObject[];
  readonly initContainers: readonly JsonObject[];
}

export const overridesAnnotation = "proxy.istio.io/overrides";

/** What an earlier injection left behind; undefined for a pod that was never injected. */
export interface Earlier {
  readonly status: Status;
  readonly probes: ProbeTable;
}

/** Reads the status annotation; a text that is none is reported. */
export function earlierInjection(pod: JsonObject, report: PodReport): Earlier | undefined {
  const annotations = annotationsOf(pod);
  const text = annotations[statusAnnotation];
  if (text === undefined) return undefined;
  const status = parseJson(text);
  if (!isObject(status)) {
    report.malformed(statusAnnotation, text, "left to the injector");
    return undefined;
  }
  const names = (key: string): readonly string[] => {
    const value = status[key];
    return isList(value) ? value.filter((one) => typeof one === "string") : [];
  };
  return {
    status: {
      initContainers: names("initContainers"),
      containers: names("containers"),
      volumes: names("volumes"),
      imagePullSecrets: names("imagePullSecrets"),
      revision: textAt(status, "revision"),
      fingerprint: textAt(status, "fingerprint"),
    },
    probes: probeTable(annotations[probesAnnotation], report),
  };
}

function probeTable(text: string | undefined, report: PodReport): ProbeTable {
  if (text === undefined) return {};
  const table = parseJson(text);
  if (isObject(table)) return table as unknown as ProbeTable; // Written by rewriteProbes; the proxy's reader checks it again.
  report.malformed(probesAnnotation, text, "left to the injector");
  return {};
}

/** The user's own containers: written down by an earlier injection, or as they stand in the pod. */
export function overridesOf(pod: JsonObject, earlier: Earlier | undefined): Overrides {
  const spec = objectAt(pod, "spec");
  if (earlier === undefined) {
    return {
      containers: listAt(spec, "containers").filter(isOurs),
      initContainers: listAt(spec, "initContainers").filter(isOurs),
    };
  }
  const noted = parseJson(annotationsOf(pod)[overridesAnnotation] ?? "{}");
  return isObject(noted)
    ? { containers: listAt(noted, "containers"), initContainers: listAt(noted, "initContainers") }
    : { containers: [], initContainers: [] };
}

/** The user's fields for the container of that name, wherever it stood. */
export function overrideFor(name: string, overrides: Overrides): JsonObject {
  const all = [...overrides.containers, ...overrides.initContainers];
  return all.find((container) => container["name"] === name) ?? {};
}

/** A short fingerprint of what is to be injected. */
export function fingerprintOf(parts: Json): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
