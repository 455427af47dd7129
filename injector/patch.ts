// From two pods to the one patch that an admission webhook may answer with.
// @see https://www.rfc-editor.org/rfc/rfc6902
import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import { jsonWriter } from "./json-text.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/**
 * The patch that turns `before` into `after`; empty where they are equal. Values are those of `after`, not copies: what was
 * put in is the largest part of it, and the same in many pods. A list that became longer or shorter is replaced as a whole.
 */
export function patchOf(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  addDifferences(before, after, "", operations);
  return operations;
}

/** The patch as an admission webhook answers with it: Base64 of JSON. */
export function patchBase64(operations: readonly PatchOperation[]): string {
  const writer = jsonWriter();
  for (const [index, operation] of operations.entries()) {
    writer.text(`${index === 0 ? "[" : ","}{"op":"${operation.op}","path":${JSON.stringify(operation.path)}`);
    if (operation.op !== "remove") {
      writer.text(',"value":');
      writer.value(operation.value);
    }
    writer.text("}");
  }
  writer.text(operations.length === 0 ? "[]" : "]");
  return writer.base64();
}

// Plain loops and a list to fill: this runs over every field of every pod that is created.

function addDifferences(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) addOfObjects(before, after, path, operations);
  else if (isList(before) && isList(after) && before.length === after.length) {
    for (const [index, item] of after.entries()) {
      const old = before[index] ?? null;
      if (old !== item) addDifferences(old, item, `${path}/${index}`, operations);
    }
  } else operations.push({ op: "replace", path, value: after });
}

function addOfObjects(before: JsonObject, after: JsonObject, path: string, operations: PatchOperation[]): void {
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: below(path, key) });
  }
  for (const key of Object.keys(after)) {
    const value = after[key] ?? null;
    // A label may be called "constructor".
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old === value) continue;
    if (old === undefined) operations.push({ op: "add", path: below(path, key), value });
    else addDifferences(old, value, below(path, key), operations);
  }
}

const below = (path: string, key: string): string => `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
