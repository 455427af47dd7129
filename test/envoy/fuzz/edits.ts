// Changing good objects in one to three places, mostly one that is there already: so half of the results are accepted.
import fc from "fast-check";
import { descriptions, isKind } from "../../../api/kinds.ts";
import { meshConfigSchema } from "../../../api/mesh-config.ts";
import { isJsonObject } from "../../../api/normalize.ts";
import { object, type SchemaNode, schemaOf } from "../../../api/schema.ts";
import { allowAnnotation } from "../../../api/waivers.ts";
import { policyCodes } from "../../../policies/codes.ts";
import { type Base, bases } from "./bases.ts";
import { keys, valueFor } from "./values.ts";

type Key = string | number;

/** Put a value at a place; undefined takes away what is there. */
interface Edit {
  readonly path: readonly Key[];
  readonly value: unknown;
}

/** Whoever allows everything still gets nothing into the mesh that Envoy refuses. */
const allowed: Edit = {
  path: ["metadata", "annotations", allowAnnotation],
  value: policyCodes.map(({ code }) => code).join(),
};

/** One place is enough most of the time: an object with three odd values is denied for one of them, and tells nothing of the others. */
const howMany = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.constant(2) },
  fc.constant(3),
);

/** What is there already, and works, is changed more often than something is added. */
const weights = { changed: 8, added: 2, replaced: 1 };

/** Documents as users would write them, good and bad. */
export const documents: fc.Arbitrary<unknown> = fc.oneof(
  ...bases.map((base) => {
    const edit = editOf(base);
    const edits = howMany.chain((count) => fc.array(edit, { minLength: count, maxLength: count }));
    return fc
      .tuple(edits, fc.boolean())
      .map(([list, isAllowed]) => [...list, ...(isAllowed ? [allowed] : [])].reduce<unknown>(edited, base))
      .map(asWritten);
  }),
);

/** The mesh configuration is YAML inside of a ConfigMap, and JSON is YAML. */
function asWritten(document: unknown): unknown {
  if (!isJsonObject(document) || document["kind"] !== "ConfigMap" || !isJsonObject(document["data"])) return document;
  return { ...document, data: { mesh: JSON.stringify(document["data"]["mesh"] ?? {}) } };
}

function editOf(base: Base): fc.Arbitrary<Edit> {
  if (!isKind(base.kind)) throw new Error(`there is no kind ${base.kind}`);
  const fields = new Map(Object.entries<unknown>({ ...base }));
  const places =
    base.kind === "ConfigMap"
      ? placesIn(object("Data", { mesh: meshConfigSchema }), fields.get("data"), ["data"], "data")
      : Object.entries(descriptions[base.kind].body).flatMap(([name, field]) =>
          placesIn(schemaOf(field), fields.get(name), [name], name),
        );
  return fc.oneof(...places);
}

/** A place that can be changed. */
interface Place {
  readonly weight: number;
  readonly arbitrary: fc.Arbitrary<Edit>;
}

/** Every place at or below `value`, which is undefined where the base has nothing. */
function placesIn(node: SchemaNode, value: unknown, path: readonly Key[], name: string): Place[] {
  const place = (weight: number, at: fc.Arbitrary<readonly Key[]>, schema: SchemaNode): Place => ({
    weight,
    arbitrary: fc.record({ path: at, value: fc.option(valueFor(name, schema), { nil: undefined, freq: 10 }) }),
  });
  const whole = place(weights.replaced, fc.constant(path), node);
  if (node.properties !== undefined) {
    // Without the fields that it must have, an object that is made for one of the others is denied for that alone.
    if (value === undefined && node.required !== undefined) return [whole];
    const fields = isJsonObject(value) ? value : {};
    const below = Object.entries(node.properties);
    return [whole, ...below.flatMap(([field, schema]) => placesIn(schema, fields[field], [...path, field], field))];
  }
  if (node.items !== undefined) {
    const { items } = node;
    const list: readonly unknown[] = Array.isArray(value) ? value : [];
    const another = place(weights.added, fc.constant([...path, list.length]), items);
    return [whole, another, ...list.flatMap((item, index) => placesIn(items, item, [...path, index], name))];
  }
  if (typeof node.additionalProperties === "object") {
    const values = node.additionalProperties;
    const entries = Object.entries(isJsonObject(value) ? value : {});
    const another = place(
      weights.added,
      keys.map((key) => [...path, key]),
      values,
    );
    return [whole, another, ...entries.flatMap(([key, item]) => placesIn(values, item, [...path, key], name))];
  }
  return [place(value === undefined ? weights.added : weights.changed, fc.constant(path), node)];
}

/** A copy of a value with one place changed. What is on the way and not there is made. */
function edited(document: unknown, { path, value }: Edit): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === "number") {
    const list: unknown[] = Array.isArray(document) ? [...(document as unknown[])] : []; // Its items are not looked at here.
    const index = Math.min(key, list.length);
    const item = edited(list[index], { path: rest, value });
    list.splice(index, 1, ...(item === undefined ? [] : [item]));
    return list;
  }
  const fields: Record<string, unknown> =
    typeof document === "object" && !Array.isArray(document) ? { ...document } : {};
  const item = edited(fields[key], { path: rest, value });
  if (item === undefined) delete fields[key];
  else fields[key] = item;
  return fields;
}
