// The objects of a directory of YAML as the sandbox's "API server" has them: read, followed, the last good form kept.
import { readFileSync } from "node:fs";
import { scan } from "../registry/directory/scan.ts";
import { FolderWatch } from "../registry/directory/watch-folders.ts";
import { readDocuments } from "../registry/yaml-source.ts";
import { type KubeObject, parseObject } from "./objects.ts";

/** Objects by "Kind namespace/name". */
export type ObjectMap = ReadonlyMap<string, KubeObject>;

export interface Manifests {
  objects(): ObjectMap;
}

/** Editors write in several steps: a change counts when nothing has moved for this long. */
const quietMs = 20;
/** What cannot be watched is looked at this often. */
const lookAgainMs = 1_000;

/** The key of an object in an {@link ObjectMap}. */
export function objectKeyOf(kind: string, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}

/** Read the directories, and call `onChange` after each change until `signal` is aborted. */
export function watchManifests(directories: readonly string[], onChange: () => void, signal: AbortSignal): Manifests {
  const files = new Map<string, { readonly stamp: string; readonly objects: readonly KubeObject[] }>();
  let objects: ObjectMap = new Map();
  let timer: NodeJS.Timeout | undefined;
  const look = (): boolean => {
    const found = scan(directories);
    const { failure } = watch.set(found.folders);
    if (failure !== undefined || found.failures.size > 0) later(lookAgainMs);
    let changed = false;
    for (const path of [...files.keys()]) {
      if (!found.files.has(path)) changed = files.delete(path) || changed;
    }
    for (const [path, stamp] of found.files) {
      if (files.get(path)?.stamp === stamp) continue;
      const read = readFile(path);
      if (read !== undefined) changed = true;
      files.set(path, { stamp, objects: read ?? files.get(path)?.objects ?? [] });
    }
    if (changed) objects = collect([...found.files.keys()].flatMap((path) => files.get(path)?.objects ?? []));
    return changed;
  };
  const later = (ms: number): void => {
    clearTimeout(timer);
    if (signal.aborted) return;
    timer = setTimeout(() => {
      if (look()) onChange();
    }, ms);
  };
  const watch = new FolderWatch(() => later(quietMs));
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    watch.close();
  });
  look();
  return { objects: () => objects };
}

/** The objects in a file; undefined when it is not YAML or has gone: the control plane says what is wrong with it. */
function readFile(path: string): readonly KubeObject[] | undefined {
  try {
    const { documents, problems } = readDocuments(readFileSync(path, "utf8"));
    if (problems.length > 0) return undefined;
    return documents.map(({ value }) => parseObject(value)).filter((object) => object !== undefined);
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}

/** Of two objects of one name the first stays, as the control plane has it. */
function collect(objects: readonly KubeObject[]): ObjectMap {
  const map = new Map<string, KubeObject>();
  for (const object of objects) {
    const key = objectKeyOf(object.kind, object.metadata.namespace, object.metadata.name);
    if (!map.has(key)) map.set(key, object);
  }
  return map;
}
