// Changing good objects in one to three places, each chosen from the schema of the kind: so most results are nearly good.
import fc from "fast-check";
import { descriptions, isKind } from "../../../api/kinds.ts";
import { type SchemaNode, schemaOf } from "../../../api/schema.ts";
import { allowAnnotation } from "../../../api/waivers.ts";
import { policyCodes } from "../../../policies/codes.ts";
import { bases } from "./bases.ts";
import { keys, valueFor } from "./values.ts";

type Key = string | number;

/** Put a value at a place; undefined takes away what is there. */
interface Edit {
  readonly path: readonly Key[];
  readonly value: unknown;
}

/** Whoever allows everything still gets nothing into the mesh that Envoy refuses. */
const allowed = {
  path: ["metadata", "annotations", allowAnnotation],
  value: policyCodes.map(({ code }) => code).join(),
};

/** Documents as users would write them, good and bad. */
export const documents: fc.Arbitrary<unknown> = fc.oneof(
  ...bases.map((base) =>
    fc
      .tuple(fc.array(editOf(base.kind), { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([edits, isAllowed]) => [...edits, ...(isAllowed ? [allowed] : [])].reduce<unknown>(edited, base)),
  ),
);

function editOf(kind: string): fc.Arbitrary<Edit> {
  if (!isKind(kind)) throw new Error(`there is no kind ${kind}`);
  const body = Object.entries(descriptions[kind].body);
  return fc.oneof(...body.flatMap(([name, field]) => editsOf(schemaOf(field), fc.constant([name]), name)));
}

/** Every way to change something at or below a place; the deeper ones are the more. */
function editsOf(node: SchemaNode, path: fc.Arbitrary<readonly Key[]>, name: string): fc.Arbitrary<Edit>[] {
  const here = fc.record({ path, value: fc.option(valueFor(name, node), { nil: undefined, freq: 10 }) });
  const below = (key: fc.Arbitrary<Key>) => fc.tuple(path, key).map(([start, last]) => [...start, last]);
  if (node.properties !== undefined) {
    const fields = Object.entries(node.properties);
    return [here, ...fields.flatMap(([field, schema]) => editsOf(schema, below(fc.constant(field)), field))];
  }
  if (node.items !== undefined) return [here, ...editsOf(node.items, below(fc.nat(1)), name)];
  const values = node.additionalProperties;
  return typeof values === "object" ? [here, ...editsOf(values, below(keys), name)] : [here];
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
