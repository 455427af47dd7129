// A pod's volumes as folders of files in the run directory; the node mounts them into each container.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { PillionError } from "../base/error.ts";
import { fieldOf, resourceOf, type Surroundings, textsOf } from "./environment.ts";
import type { Mount } from "./node-protocol.ts";
import type { ContainerSpec, DataObject, Pod, ProjectedSource, VolumeSpec } from "./objects.ts";

/** What volumes are filled from. */
export interface VolumeSources {
  readonly around: Surroundings;
  /** A fresh token of the pod's service account for this audience. */
  token(pod: Pod, audience: string): string;
}

/** Files of a volume by path; undefined for one that starts empty and that the pod may write to. */
export type VolumeFiles = ReadonlyMap<string, string> | undefined;

/**
 * What stands in this volume.
 * @throws {PillionError} SANDBOX_VOLUME when it is of a sort that the sandbox does not play, or its source is missing.
 */
export function volumeFiles(pod: Pod, volume: VolumeSpec, sources: VolumeSources): VolumeFiles {
  if (volume.configMap) return keyFiles(pod, "ConfigMap", volume.configMap.name, volume.configMap, sources);
  if (volume.secret) return keyFiles(pod, "Secret", volume.secret.secretName, volume.secret, sources);
  if (volume.downwardAPI) return projectedFiles(pod, { downwardAPI: volume.downwardAPI }, sources);
  if (volume.projected) {
    return new Map((volume.projected.sources ?? []).flatMap((source) => [...projectedFiles(pod, source, sources)]));
  }
  if (volume.emptyDir || "persistentVolumeClaim" in volume || "ephemeral" in volume) return undefined;
  throw missing(
    pod,
    `volume "${volume.name}" is of a sort that the sandbox does not have`,
    "Use emptyDir, configMap, secret, projected or downwardAPI",
  );
}

/** Write all volumes of the pod below `folder`. */
export function writeVolumes(pod: Pod, folder: string, sources: VolumeSources): void {
  for (const volume of pod.spec.volumes ?? []) {
    const root = join(folder, volume.name);
    const files = volumeFiles(pod, volume, sources);
    mkdirSync(root, { recursive: true });
    if (files === undefined) chmodSync(root, 0o777);
    for (const [path, text] of files ?? []) {
      const target = join(root, normalize(`/${path}`));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text, { mode: 0o644 });
    }
  }
}

/** Where a container mounts them; `folder` as the node sees it. */
export function volumeMounts(container: ContainerSpec, folder: string): readonly Mount[] {
  return (container.volumeMounts ?? []).map((mount) => ({
    source: join(folder, mount.name, normalize(`/${mount.subPath ?? ""}`)).replace(/\/$/, ""),
    target: mount.mountPath.replace(/(.)\/+$/, "$1"),
    readOnly: mount.readOnly ?? false,
  }));
}

function projectedFiles(pod: Pod, source: ProjectedSource, sources: VolumeSources): Map<string, string> {
  if (source.serviceAccountToken) {
    const { path, audience = "kubernetes" } = source.serviceAccountToken;
    return new Map([[path, sources.token(pod, audience)]]);
  }
  if (source.configMap) return keyFiles(pod, "ConfigMap", source.configMap.name, source.configMap, sources);
  if (source.secret) return keyFiles(pod, "Secret", source.secret.name, source.secret, sources);
  const files = new Map<string, string>();
  for (const item of source.downwardAPI?.items ?? []) {
    if (item.fieldRef) files.set(item.path, fieldOf(pod, item.fieldRef.fieldPath, sources.around));
    else if (item.resourceFieldRef) {
      const container = pod.spec.containers.find(({ name }) => name === item.resourceFieldRef?.containerName);
      files.set(item.path, resourceOf(container, item.resourceFieldRef, sources.around));
    }
  }
  return files;
}

function keyFiles(
  pod: Pod,
  kind: "ConfigMap" | "Secret",
  name: string,
  choice: { readonly items?: readonly { readonly key: string; readonly path: string }[]; readonly optional?: boolean },
  sources: VolumeSources,
): Map<string, string> {
  const object: DataObject | undefined =
    kind === "ConfigMap" ? sources.around.configMap(name) : sources.around.secret(name);
  if (object === undefined && choice.optional !== true) {
    throw missing(pod, `its ${kind} "${name}" is not there`, `Add the ${kind} to the directory, or mark it optional`);
  }
  const texts = textsOf(object);
  if (choice.items === undefined) return new Map(Object.entries(texts));
  return new Map(
    choice.items.flatMap(({ key, path }) => (texts[key] === undefined ? [] : [[path, texts[key]] as const])),
  );
}

function missing(pod: Pod, problem: string, fix: string): PillionError {
  return new PillionError("SANDBOX_VOLUME", {
    problem: `Pod ${pod.metadata.namespace}/${pod.metadata.name} cannot start: ${problem}`,
    fix,
  });
}
