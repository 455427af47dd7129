// Reading and changing JSON that belongs to somebody else: what we do not know is kept as it is.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

const nothing: JsonObject = Object.freeze({});

/** Whether it is an object (neither a list nor null). */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether it is a list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object that these keys lead to; an empty one where there is none. */
export function objectAt(from: Json | undefined, ...keys: readonly string[]): JsonObject {
  let at = from;
  for (const key of keys) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : nothing;
}

/** The objects of the list under `key`; anything else in it is left out. */
export function listAt(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return isList(value) ? value.filter(isObject) : [];
}

/** The text under `key`, "" where there is none. */
export function textAt(from: JsonObject, key: string): string {
  const value = from[key];
  return typeof value === "string" ? value : "";
}

/** The texts of a map such as labels, which is that map itself where it holds nothing else; other values are left out. */
export function textsAt(from: JsonObject, key: string): Readonly<Record<string, string>> {
  const map = objectAt(from, key);
  if (holdsTexts(map)) return map;
  const texts: Record<string, string> = {};
  for (const name of Object.keys(map)) {
    const value = map[name];
    if (typeof value === "string") texts[name] = value;
  }
  return texts;
}

function holdsTexts(map: JsonObject): map is Readonly<Record<string, string>> {
  for (const name of Object.keys(map)) if (typeof map[name] !== "string") return false;
  return true;
}

/** The same object with these keys set; a key whose value is undefined is removed. */
export function withKeys(object: JsonObject, changes: Readonly<Record<string, Json | undefined>>): JsonObject {
  const result: Record<string, Json> = { ...object };
  for (const key of Object.keys(changes)) {
    const value = changes[key];
    if (value !== undefined) result[key] = value;
    else if (key in result) delete result[key];
  }
  return result;
}
