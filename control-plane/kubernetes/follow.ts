// Hearing of changes to a few objects of one name: what the control plane keeps in order itself, and who meddles with it.
import type { JsonObject } from "../../injector/json.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import { type WatchUpdate, watchResource } from "../../registry/kubernetes/watch.ts";
import { pause } from "../until.ts";

/** Calls back for every object of that name below `path`, now and after each change, until `signal` is aborted. Never rejects. */
export async function followByName(
  client: ApiClient,
  { path, name }: { readonly path: string; readonly name: string },
  onUpdate: (update: WatchUpdate) => void,
  signal: AbortSignal,
): Promise<void> {
  const deps = { client, onUpdate, random: Math.random, wait: pause };
  await watchResource({ paths: [path], fieldSelector: `metadata.name=${name}` }, deps, signal);
}

/** Calls back for every object at this path, now and after each change, until `signal` is aborted. Never rejects. */
export async function followAll(
  client: ApiClient,
  path: string,
  onUpdate: (update: WatchUpdate) => void,
  signal: AbortSignal,
): Promise<void> {
  await watchResource({ paths: [path] }, { client, onUpdate, random: Math.random, wait: pause }, signal);
}

/** Calls back when the object at this path has changed or is gone. Never rejects. */
export async function followObject(
  client: ApiClient,
  path: string,
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  const slash = path.lastIndexOf("/");
  const resource = { path: path.slice(0, slash), name: path.slice(slash + 1) };
  const onUpdate = ({ type }: WatchUpdate): void => {
    if (type === "put" || type === "delete") onChange();
  };
  await followByName(client, resource, onUpdate, signal);
}

/** The objects of that name by namespace, as they are known so far. */
export function collectByNamespace(objects: Map<string, JsonObject>, update: WatchUpdate): void {
  if (update.type !== "put" && update.type !== "delete") return;
  const namespace = update.key.slice(0, update.key.indexOf("/"));
  if (update.type === "delete") objects.delete(namespace);
  // It came from JSON.
  else objects.set(namespace, update.object as JsonObject);
}
