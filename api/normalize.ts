// Bringing a value into the one form that the rest of Pillion sees, before it is checked.
import type { SchemaNode } from "./schema.ts";

/** A plain JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether `value` is an object that is no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A copy of `value` without fields that are null (absent, as protobuf reads them), with other spellings replaced by the
 * field's name, and without the fields that a projection does not name. What does not fit the schema is left for the check.
 * @param unknownFields - "dropped": fields that the schema does not name are left out, wherever they stand.
 */
export function normalize(value: unknown, node: SchemaNode, unknownFields?: "dropped"): unknown {
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? value : value.map((item) => normalize(item, items, unknownFields));
  }
  if (!isJsonObject(value)) return value;
  if (node.properties !== undefined) return normalizeFields(value, node, node.properties, unknownFields);
  const values = node.additionalProperties;
  if (typeof values !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, normalize(item, values, unknownFields)]));
}

function normalizeFields(
  value: JsonObject,
  node: SchemaNode,
  properties: Readonly<Record<string, SchemaNode>>,
  unknownFields: "dropped" | undefined,
): JsonObject {
  const isDropping =
    node.unknownFields === "dropped" || (unknownFields === "dropped" && node.unknownFields === "refused");
  const names = otherNames(value, properties);
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (item === null || item === undefined) continue;
    const name = names.get(key) ?? key;
    const field = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (field !== undefined) entries.push([name, normalize(item, field, unknownFields)]);
    else if (!isDropping) entries.push([key, item]);
  }
  return Object.fromEntries(entries);
}

/** Spellings in `value` that stand for a field which is not there under its name. */
function otherNames(value: JsonObject, properties: Readonly<Record<string, SchemaNode>>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, { alias }] of Object.entries(properties)) {
    if (alias !== undefined && Object.hasOwn(value, alias) && !Object.hasOwn(value, name)) names.set(alias, name);
  }
  return names;
}
