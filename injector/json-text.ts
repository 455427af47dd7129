// JSON as text, where large parts of it are the same in thousands of pods: these are written once.
import { isList, isObject, type Json, type JsonObject } from "./json.ts";

const texts = new WeakMap<JsonObject, string>();

/** Write the text of an object now, for all who ask later. The object must not change any more. */
export function keepText(value: JsonObject): JsonObject {
  texts.set(value, JSON.stringify(value));
  return value;
}

/** The same text as JSON.stringify() gives. */
export function jsonText(value: Json): string {
  if (isList(value)) return `[${value.map(jsonText).join(",")}]`;
  return (isObject(value) ? texts.get(value) : undefined) ?? JSON.stringify(value);
}
