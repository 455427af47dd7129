// The only file that knows TypeBox. Every schema is made by these builders, so that the type of a kind, what ajv checks,
// the misspelling hints and the CRD come from one source and cannot drift apart.
import Type, { type TUnsafe } from "typebox";

/** A JSON schema made by the builders below: the keywords that they write, nothing else. */
export interface SchemaNode {
  readonly type?: "string" | "integer" | "number" | "boolean" | "object" | "array";
  readonly description: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  /** "double" | "int32" | "byte": for the CRD only, ranges are checked by minimum and maximum. */
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** Our keyword: every key is a port number. */
  readonly portKeys?: true;
  /** Our keyword: text is a Go duration of at least so many milliseconds. */
  readonly goDuration?: { readonly leastMs: number };
  /** Our keyword: a number from 0 to 65535 or a string. */
  readonly intOrString?: true;
  /** Our keyword: text is an IP address, "None" or empty. */
  readonly clusterAddress?: true;
  /** Our keyword: another spelling that parse() accepts for this field and writes as the field's name. */
  readonly alias?: string;
  /** Our keyword: what happens to fields that the schema does not name. */
  readonly unknownFields?: "refused" | "dropped" | "kept";
}

/** A schema whose values have the type `T`. */
export type Schema<T = unknown> = TUnsafe<T> & SchemaNode;

/** A field that must be there. All others may be absent, as in protobuf. */
export interface RequiredField<T = unknown> {
  readonly required: Schema<T>;
}

/** The fields of an object by name. */
export type Fields = Readonly<Record<string, Schema | RequiredField>>;

/** The type of the values that a schema accepts. */
export type Static<S> = S extends TUnsafe<infer T> ? T : never;

/** The type of an object with such fields. */
export type StaticFields<F extends Fields> = Flat<
  {
    readonly [K in keyof F as F[K] extends RequiredField ? K : never]: F[K] extends RequiredField<infer T> ? T : never;
  } & {
    readonly [K in keyof F as F[K] extends RequiredField ? never : K]?: Static<F[K]>;
  }
>;

type Flat<T> = { [K in keyof T]: T[K] };

/** Text. */
export function string(description: string, limits: { minLength?: number; maxLength?: number } = {}): Schema<string> {
  return make({ type: "string", description, ...limits });
}

/** Bytes in base64, as protobuf writes them in JSON. */
export function base64(description: string): Schema<string> {
  return make({ type: "string", format: "byte", description });
}

/** true or false. */
export function bool(description: string): Schema<boolean> {
  return make({ type: "boolean", description });
}

/** A whole number of 0 to 4294967295, or of the narrower range given. */
export function uint32(description: string, limits: { minimum?: number; maximum?: number } = {}): Schema<number> {
  return make({ type: "integer", description, minimum: 0, maximum: 4_294_967_295, ...limits });
}

/** A port: 1 to 65535. */
export function portNumber(description: string): Schema<number> {
  return uint32(description, { minimum: 1, maximum: 65_535 });
}

/** A whole number of -2147483648 to 2147483647, or of the narrower range given. */
export function int32(description: string, limits: { minimum?: number; maximum?: number } = {}): Schema<number> {
  const range = { minimum: -2_147_483_648, maximum: 2_147_483_647 };
  return make({ type: "integer", format: "int32", description, ...range, ...limits });
}

/** A whole number from 0 on. */
export function uint64(description: string): Schema<number> {
  return make({ type: "integer", description, minimum: 0 });
}

/** Any finite number, or a narrower range. */
export function double(description: string, limits: { minimum?: number; maximum?: number } = {}): Schema<number> {
  return make({ type: "number", format: "double", description, ...limits });
}

/**
 * Time as Go writes it: "1h", "0.5s", "100ms"; parseDuration() reads it.
 * @param leastMs - shortest time that is accepted, in milliseconds; Istio's is 1 for nearly every field.
 */
export function duration(description: string, leastMs = 1): Schema<string> {
  return make({ type: "string", description, goDuration: { leastMs } });
}

/** An IP address as Services have it: "None" and "" are allowed, too. */
export function clusterAddress(description: string): Schema<string> {
  return make({ type: "string", description, clusterAddress: true });
}

/** One word of a list. */
export function enumeration<const W extends readonly string[]>(description: string, words: W): Schema<W[number]> {
  return make({ type: "string", description, enum: words });
}

/** A port's number, or the name of one, such as a probe's port; 0 counts as unset. */
export function intOrString(description: string): Schema<number | string> {
  return make({ description, intOrString: true });
}

/** Any JSON, taken as it is. */
export function anything(description: string): Schema<unknown> {
  return make({ description, unknownFields: "kept" });
}

/** A list. */
export function list<T>(
  description: string,
  items: Schema<T>,
  limits: { minItems?: number; maxItems?: number } = {},
): Schema<readonly T[]> {
  return make({ type: "array", description, items, ...limits });
}

/** Values by a key that the user chooses. */
export function map<T>(
  description: string,
  values: Schema<T>,
  limits: { minProperties?: number; maxProperties?: number; portKeys?: true } = {},
): Schema<Readonly<Record<string, T>>> {
  return make({ type: "object", description, additionalProperties: values, ...limits });
}

/** An object of Istio's API: a field that it does not know is a mistake. */
export function object<F extends Fields>(description: string, fields: F): Schema<StaticFields<F>> {
  return make({ ...objectNode(description, fields), additionalProperties: false, unknownFields: "refused" });
}

/** An object of which only the named fields are kept: Kubernetes objects have many that the mesh never reads. */
export function projection<F extends Fields>(description: string, fields: F): Schema<StaticFields<F>> {
  return make({ ...objectNode(description, fields), additionalProperties: true, unknownFields: "dropped" });
}

/** An object that keeps every field, of which only the named ones are typed and checked. */
export function open<F extends Fields>(description: string, fields: F): Schema<StaticFields<F>> {
  return make({ ...objectNode(description, fields), additionalProperties: true, unknownFields: "kept" });
}

/** Mark a field as one that must be there. */
export function required<T>(schema: Schema<T>): RequiredField<T> {
  return { required: schema };
}

/** The same schema, for a field that also has another spelling (some of Istio's names are literally in snake case). */
export function alias<T>(other: string, schema: Schema<T>): Schema<T> {
  return make({ ...schema, alias: other });
}

function objectNode(description: string, fields: Fields): SchemaNode {
  const entries = Object.entries(fields);
  const needed = entries.filter(([, field]) => isRequired(field)).map(([name]) => name);
  const properties = Object.fromEntries(entries.map(([name, field]) => [name, schemaOf(field)]));
  return { type: "object", description, properties, ...(needed.length === 0 ? {} : { required: needed }) };
}

/** The schema of a field, whether it must be there or not. */
export function schemaOf(field: Schema | RequiredField): Schema {
  return isRequired(field) ? field.required : field;
}

function isRequired(field: Schema | RequiredField): field is RequiredField {
  return "required" in field && !Array.isArray(field.required);
}

// The brand constructor of Schema: TypeBox returns the node it was given, typed as TUnsafe only.
function make<T>(node: SchemaNode): Schema<T> {
  return Type.Unsafe<T>(node) as Schema<T>;
}
