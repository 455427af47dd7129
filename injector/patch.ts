// From two pods to the one patch that an admission webhook may answer with.
// @see https://www.rfc-editor.org/rfc/rfc6902
import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import { jsonText } from "./json-text.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/**
 * The patch that turns `before` into `after`; empty where they are equal. Values are those of `after`, not copies: what was
 * put in is the largest part of it, and the same in many pods. A list that became longer or shorter is replaced as a whole.
 */
export function patchOf(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  return [...differences(before, after, "")];
}

/** The patch as JSON. */
export function patchText(operations: readonly PatchOperation[]): string {
  const texts = operations.map((operation) => {
    const { op, path } = operation;
    const value = operation.op === "remove" ? "" : `,"value":${jsonText(operation.value)}`;
    return `{"op":"${op}","path":${JSON.stringify(path)}${value}}`;
  });
  return `[${texts.join(",")}]`;
}

function* differences(before: Json, after: Json, path: string): Generator<PatchOperation> {
  if (before === after) return;
  if (isObject(before) && isObject(after)) yield* inObjects(before, after, path);
  else if (isList(before) && isList(after) && before.length === after.length) {
    for (const [index, item] of after.entries()) yield* differences(before[index] ?? null, item, `${path}/${index}`);
  } else yield { op: "replace", path, value: after };
}

function* inObjects(before: JsonObject, after: JsonObject, path: string): Generator<PatchOperation> {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) yield { op: "remove", path: `${path}/${escaped(key)}` };
  }
  for (const [key, value] of Object.entries(after)) {
    const at = `${path}/${escaped(key)}`;
    if (Object.hasOwn(before, key)) yield* differences(before[key] ?? null, value, at);
    else yield { op: "add", path: at, value };
  }
}

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");
