// One pod of the sandbox's cluster: the object, what the node says about it, and its files in the run directory.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Surroundings } from "./environment.ts";
import type { Catalogue } from "./images.ts";
import { nodePaths, type PodPlan, type PodReport } from "./node-protocol.ts";
import { keyOf, type Pod } from "./objects.ts";
import { planPod } from "./pod-plan.ts";
import { isReady } from "./pod-status.ts";
import { type VolumeSources, writeVolumes } from "./volumes.ts";

export interface PodRecord {
  /** "namespace/name". */
  readonly key: string;
  /** "Deployment namespace/name" or "Pod namespace/name". */
  readonly owner: string;
  /** Of the template that it was made from. */
  readonly hash: string;
  readonly number: number;
  readonly address: string;
  readonly startedAt: string;
  pod: Pod;
  report: PodReport;
  /** When it became ready or stopped being so. */
  changedAt: string;
  /** What stands in its hosts file, so that it is written only when it differs. */
  hosts: string;
  /** What stands in its object file. */
  written: string;
}

/** Names in /etc/hosts must not have to wait for a name server that is not there. */
const resolverText = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n";

/** A record for a pod that is about to start. */
export function newRecord(
  parts: Pick<PodRecord, "owner" | "hash" | "number" | "address" | "pod"> & { readonly now: string },
): PodRecord {
  const { now, ...rest } = parts;
  const key = keyOf(parts.pod);
  const report: PodReport = { key, initialized: false, containers: [] };
  return { ...rest, key, startedAt: now, changedAt: now, report, hosts: "", written: "" };
}

/** Whether it may be sent requests: ready, and not on its way out. */
export function isServing(record: PodRecord): boolean {
  return record.pod.metadata.deletionTimestamp === undefined && isReady(record.report);
}

/** Whether nothing more is to be waited for: it serves, or it has done what it was to do once. */
export function isDone(record: PodRecord): boolean {
  const apps = record.report.containers.filter(({ role }) => role === "app");
  const ended = apps.length > 0 && apps.every(({ state }) => state === "terminated");
  return isServing(record) || (ended && (record.pod.spec.restartPolicy ?? "Always") !== "Always");
}

/** The pod's folder of volumes and files, from outside. */
export function podFolder(runDirectory: string, record: { readonly number: number }): string {
  return join(runDirectory, "pods", String(record.number));
}

/** The file that a container writes its output to. */
export function logFileOf(runDirectory: string, pod: string, container: string): string {
  return join(runDirectory, "logs", `${pod.replace("/", "_")}_${container}.log`);
}

/** Write the pod's volumes and hosts file, and plan its containers around them. */
export function preparePod(
  record: PodRecord,
  hosts: string,
  from: {
    readonly runDirectory: string;
    readonly catalogue: Catalogue;
    readonly sources: VolumeSources;
    readonly around: Surroundings;
  },
): PodPlan {
  const folder = podFolder(from.runDirectory, record);
  mkdirSync(join(folder, "volumes"), { recursive: true });
  writeVolumes(record.pod, join(folder, "volumes"), from.sources);
  writeFileSync(join(folder, "hosts"), hosts);
  writeFileSync(join(folder, "resolv.conf"), resolverText);
  writeFileSync(join(folder, "xtables.lock"), "");
  record.hosts = hosts;
  const inside = podFolder(nodePaths.run, record);
  return planPod({
    pod: record.pod,
    number: record.number,
    address: record.address,
    catalogue: from.catalogue,
    around: from.around,
    volumes: join(inside, "volumes"),
    commonMounts: [
      { source: join(inside, "hosts"), target: "/etc/hosts", readOnly: false },
      { source: join(inside, "resolv.conf"), target: "/etc/resolv.conf", readOnly: false },
      // Pods must not wait for each other's lock.
      { source: join(inside, "xtables.lock"), target: "/run/xtables.lock", readOnly: false },
    ],
    logFile: (container) => logFileOf(nodePaths.run, record.key, container),
  });
}

/** Remove its files; logs stay until the run ends. */
export function removePodFolder(runDirectory: string, record: PodRecord): void {
  rmSync(podFolder(runDirectory, record), { recursive: true, force: true });
}
