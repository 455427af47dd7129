// From two pods to the one patch that an admission webhook may answer with.
// @see https://www.rfc-editor.org/rfc/rfc6902
import { isList, isObject, type Json, type JsonObject } from "./json.ts";
import { hasKeptText, jsonWriter } from "./json-text.ts";

export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/**
 * The patch that turns `before` into `after`; empty where they are equal. Values are those of `after`, not copies: what was
 * put in is the largest part of it, and the same in many pods. New items go between those that stand in a list already; a list
 * that lost some, or changed their order, is replaced as a whole.
 */
export function patchOf(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  addOfObjects(before, after, "", operations);
  return operations;
}

/** The patch as an admission webhook answers with it: Base64 of JSON. */
export function patchBase64(operations: readonly PatchOperation[]): string {
  const writer = jsonWriter();
  let before = "[";
  let unwritten: PatchOperation[] = [];
  const write = (): void => {
    if (unwritten.length === 0) return;
    writer.text(before + JSON.stringify(unwritten).slice(1, -1)); // one call: each has a price
    unwritten = [];
    before = ",";
  };
  for (const operation of operations) {
    if (operation.op !== "remove" && hasKeptText(operation.value)) {
      write();
      writer.text(`${before}{"op":"${operation.op}","path":${JSON.stringify(operation.path)},"value":`);
      writer.value(operation.value);
      writer.text("}");
      before = ",";
    } else unwritten.push(operation);
  }
  write();
  writer.text(operations.length === 0 ? "[]" : "]");
  return writer.base64();
}

// Plain loops and a list to fill: this runs over every field of every pod that is created.

function addDifferences(before: Json, after: Json, path: string, operations: PatchOperation[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) addOfObjects(before, after, path, operations);
  else if (isList(before) && isList(after) && fits(before, after)) addOfLists(before, after, path, operations);
  else operations.push({ op: "replace", path, value: after });
}

function addOfObjects(before: JsonObject, after: JsonObject, path: string, operations: PatchOperation[]): void {
  let kept = 0;
  for (const key of Object.keys(after)) {
    const value = after[key] ?? null;
    // A label may be called "constructor".
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (old !== undefined) kept++;
    if (old === value) continue;
    if (old === undefined) operations.push({ op: "add", path: below(path, key), value });
    else addDifferences(old, value, below(path, key), operations);
  }
  const keys = Object.keys(before);
  if (keys.length === kept) return;
  for (const key of keys) if (!Object.hasOwn(after, key)) operations.push({ op: "remove", path: below(path, key) });
}

/** Whether every old item has its new one, in the order in which they stood. */
function fits(before: readonly Json[], after: readonly Json[]): boolean {
  if (before.length === after.length) return true; // item by item, whatever they are
  let found = 0;
  for (let index = 0; index < after.length && found < before.length; index++) {
    if (isSame(before[found], after[index])) found++;
  }
  return found === before.length;
}

/** As operations are applied one after the other, an index counts what was put in before it. */
function addOfLists(before: readonly Json[], after: readonly Json[], path: string, operations: PatchOperation[]): void {
  let found = 0;
  for (let index = 0; index < after.length; index++) {
    const value = after[index] ?? null;
    const old = before[found];
    if (before.length === after.length || isSame(old, value)) {
      addDifferences(old ?? null, value, `${path}/${index}`, operations);
      found++;
    } else operations.push({ op: "add", path: `${path}/${index}`, value });
  }
}

/** Containers and volumes are known by their names. */
const isSame = (one: Json | undefined, other: Json | undefined): boolean =>
  one === other || (isObject(one) && isObject(other) && one["name"] !== undefined && one["name"] === other["name"]);

const below = (path: string, key: string): string =>
  `${path}/${key.includes("/") || key.includes("~") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key}`;
