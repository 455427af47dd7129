// A user's own container of the proxy's name over ours: field by field, lists by the key that Kubernetes merges them by.
// @see https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/#notes-on-the-strategic-merge-patch
import { isList, isObject, type Json, type JsonObject, withKeys } from "./json.ts";

/** What tells the items of a container's lists apart. Lists that are not here are replaced as a whole. */
const listKeys: Readonly<Record<string, readonly string[]>> = {
  env: ["name"],
  ports: ["containerPort", "protocol"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
};

/** Of these a probe or hook has one: whoever names another replaces it. */
const actions: readonly string[] = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

/** `ours` with everything that `theirs` says, except a placeholder for the image. */
export function mergeContainer(ours: JsonObject, theirs: JsonObject): JsonObject {
  const merged = mergeObject(ours, isPlaceholder(theirs["image"]) ? withoutImage(theirs) : theirs);
  // Arguments without a command are for the image's own program, not for ours.
  return theirs["args"] !== undefined && theirs["command"] === undefined
    ? withKeys(merged, { command: undefined })
    : merged;
}

const isPlaceholder = (image: Json | undefined): boolean => image === "auto" || image === "";

/** The API server gives an image without a tag, as a placeholder is, the policy "Always" before it asks us; ours has a tag. */
function withoutImage(theirs: JsonObject): JsonObject {
  const policy = theirs["imagePullPolicy"];
  return withKeys(theirs, { image: undefined, imagePullPolicy: policy === "Always" ? undefined : policy });
}

function mergeObject(ours: JsonObject, theirs: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...ours };
  if (actions.some((action) => isObject(theirs[action]))) for (const action of actions) delete result[action];
  for (const [key, value] of Object.entries(theirs)) {
    if (value === null) delete result[key];
    else result[key] = mergeValue(key, ours[key], value);
  }
  return result;
}

function mergeValue(key: string, ours: Json | undefined, theirs: Json): Json {
  if (isObject(ours) && isObject(theirs)) return mergeObject(ours, theirs);
  const identity = listKeys[key];
  if (identity === undefined || !isList(ours) || !isList(theirs)) return theirs;
  const keyOf = (item: Json): string =>
    isObject(item) ? identity.map((name) => String(item[name] ?? (name === "protocol" ? "TCP" : ""))).join("/") : "";
  const replaced = new Map(theirs.map((item) => [keyOf(item), item]));
  const kept = ours.map((item) => replaced.get(keyOf(item)) ?? item);
  const known = new Set(ours.map(keyOf));
  return [...kept, ...theirs.filter((item) => !known.has(keyOf(item)))];
}
