// The only file that knows ajv: checks a value against a schema and says what is wrong in words that help.
import { isIP } from "node:net";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { child, type JsonPath, jsonPath } from "../base/json-path.ts";
import { memoize } from "../base/memo.ts";
import type { ApiCode } from "./codes.ts";
import { parseDuration } from "./duration.ts";
import { nearest, oneOf } from "./nearest.ts";
import { isJsonObject } from "./normalize.ts";
import type { SchemaNode } from "./schema.ts";
import { withReferences } from "./schema-references.ts";

/** One place that does not fit; a Finding without the object. */
export interface SchemaProblem {
  readonly code: ApiCode;
  readonly path: JsonPath;
  readonly problem: string;
  readonly reason: string;
  readonly fix: string;
}

type Words = Pick<SchemaProblem, "code" | "problem" | "reason" | "fix">;
type Keys = readonly (string | number)[];

/** Problems of one value that are put into words, of which each is compared with all names that there are. */
const mostProblems = 500;

/** Everything in `value` that does not fit, up to 500 places; empty when all fits. Each schema is compiled once. */
export function checkSchema(node: SchemaNode, value: unknown): readonly SchemaProblem[] {
  const validate = compile(node);
  if (validate(value)) return [];
  return (validate.errors ?? []).slice(0, mostProblems).map((error) => toProblem(error, node, value));
}

/** Each schema is compiled once, and each part that stands in it several times, too: else its code would be there as often. */
const compile = memoize((node: SchemaNode): ValidateFunction => {
  compiler ??= makeCompiler();
  return compiler.compile(withReferences(node));
});

/** Made at the first need: a program that checks nothing does not pay for it. */
let compiler: Ajv | undefined;

function makeCompiler(): Ajv {
  // Our keywords are not JSON Schema's, which strict mode would refuse. Optimizing the code takes longer than it saves.
  const options = {
    allErrors: true,
    verbose: true,
    strict: false,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
  };
  const ajv = new Ajv({ ...options, code: { optimize: false } });
  ajv.addKeyword({ keyword: "goDuration", type: "string", errors: false, validate: isInRange });
  ajv.addKeyword({ keyword: "intOrString", errors: false, validate: isIntOrString });
  ajv.addKeyword({ keyword: "clusterAddress", type: "string", errors: false, validate: isClusterAddress });
  ajv.addKeyword({ keyword: "portKeys", type: "object", errors: false, validate: hasPortKeys });
  return ajv;
}

/** 100 years. Envoy takes a little more for most durations, and counts the shortest-ranged of them in 32 bits of seconds. */
const longestDurationMs = 876_000 * 3_600_000;

function isInRange(limit: { readonly leastMs: number }, text: string): boolean {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= limit.leastMs && ms <= longestDurationMs;
}

function isIntOrString(_: true, value: unknown): boolean {
  return typeof value === "string" || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535);
}

function isClusterAddress(_: true, text: string): boolean {
  return text === "" || text === "None" || isIP(text) !== 0;
}

function hasPortKeys(_: true, value: object): boolean {
  return Object.keys(value).every(isPort);
}

function isPort(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
}

function toProblem(error: ErrorObject, root: SchemaNode, value: unknown): SchemaProblem {
  const path = jsonPath(...keysOf(error.instancePath, value));
  const node = error.parentSchema as SchemaNode; // Every schema that is compiled here is a SchemaNode.
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(error.params["additionalProperty"]);
      return { path: child(path, name), ...unknownField(name, Object.keys(node.properties ?? {}), root) };
    }
    case "required": {
      const name = String(error.params["missingProperty"]);
      return { path: child(path, name), ...missingField(name, node.properties?.[name]) };
    }
    case "enum":
      return { path, ...unknownWord(error.data, node.enum ?? []) };
    case "goDuration":
      return { path, ...durationWords(String(error.data), node.goDuration?.leastMs ?? 0) };
    case "clusterAddress":
      return { path, ...noAddress(String(error.data)) };
    case "intOrString":
      return {
        path,
        ...(typeof error.data === "number" ? outOfRange(error.data, ports) : wrongType(error.data, node)),
      };
    case "minimum":
    case "maximum":
      return { path, ...outOfRange(error.data, node) };
    case "portKeys": {
      const key = Object.keys(Object(error.data)).find((name) => !isPort(name)) ?? "";
      return { path: child(path, key), ...badPort(key) };
    }
    case "minItems":
    case "minProperties":
    case "maxItems":
    case "minLength":
    case "maxLength":
    case "maxProperties":
      return { path, ...wrongSize(error.keyword, Number(error.params["limit"]), error.data) };
    default:
      return { path, ...wrongType(error.data, node) };
  }
}

/** The keys that a JSON pointer leads through; numbers where the container is a list. */
function keysOf(pointer: string, value: unknown): Keys {
  const keys: (string | number)[] = [];
  let container: unknown = value;
  for (const raw of pointer.split("/").slice(1)) {
    const key = raw.replaceAll("~1", "/").replaceAll("~0", "~");
    keys.push(Array.isArray(container) ? Number(key) : key);
    container = Array.isArray(container)
      ? container[Number(key)]
      : isJsonObject(container)
        ? container[key]
        : undefined;
  }
  return keys;
}

function unknownField(name: string, known: readonly string[], root: SchemaNode): Words {
  const near = nearest(name, known);
  const places = near === undefined ? placesOf(name, root, "").slice(0, 3) : [];
  const elsewhere = places.length === 0 ? `Use one of ${oneOf(known)}` : `Move it to ${places.join(" or ")}`;
  return {
    code: "PIL1001",
    problem: `there is no field "${name}" here${near === undefined ? "" : `; did you mean "${near}"?`}`,
    reason: "Kubernetes drops fields that it does not know, so this one would have no effect",
    fix: near === undefined ? elsewhere : `Write "${near}"`,
  };
}

/** Where else a field of that name stands: `spec.http[].timeout`. */
function placesOf(name: string, node: SchemaNode, at: string): readonly string[] {
  const found: string[] = [];
  for (const [key, field] of Object.entries(node.properties ?? {})) {
    const place = at === "" ? key : `${at}.${key}`;
    if (key === name) found.push(place);
    found.push(...placesOf(name, field, place));
  }
  if (node.items !== undefined) found.push(...placesOf(name, node.items, `${at}[]`));
  if (typeof node.additionalProperties === "object")
    found.push(...placesOf(name, node.additionalProperties, `${at}.*`));
  return found;
}

function missingField(name: string, field: SchemaNode | undefined): Words {
  return {
    code: "PIL1005",
    problem: `the field "${name}" is missing`,
    reason: "Without it the rest has no meaning",
    fix: `Add "${name}"${field === undefined ? "" : ` (${field.description})`}`,
  };
}

function unknownWord(value: unknown, words: readonly string[]): Words {
  const near = typeof value === "string" ? nearest(value, words) : undefined;
  return {
    code: "PIL1003",
    problem: `${show(value)} is not a word that this field knows`,
    reason: "It has no meaning, so nothing could be done with it",
    fix: near === undefined ? `Write ${oneOf(words)}` : `Write "${near}" (the field knows ${oneOf(words)})`,
  };
}

function durationWords(text: string, leastMs: number): Words {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > longestDurationMs) {
    return {
      code: "PIL1004",
      problem: `"${text}" is longer than the most that is accepted, 876000h`,
      reason: "Envoy could not count that far",
      fix: 'Write "876000h" or less, or leave the field out',
    };
  }
  if (ms !== undefined) {
    return {
      code: "PIL1004",
      problem: `"${text}" is shorter than the least that is accepted, ${leastMs} ms`,
      reason: "Envoy could not tell it from no time at all",
      fix: leastMs === 1 ? 'Write "1ms" or more, or leave the field out' : `Write "${leastMs}ms" or more`,
    };
  }
  const number = /^\d+(\.\d+)?$/.test(text) ? ` such as "${text}s"` : ' such as "5s", "100ms" or "1h30m"';
  return {
    code: "PIL1006",
    problem: `"${text}" is not a duration`,
    reason: "Without a unit nobody can tell how long it is",
    fix: `Write a number and a unit (h, m, s, ms, us, ns)${number}`,
  };
}

const ports = { description: "", minimum: 1, maximum: 65_535 };

function noAddress(text: string): Words {
  return {
    code: "PIL1004",
    problem: `"${text.slice(0, 80)}" is no IP address`,
    reason: "Kubernetes would refuse the object, and Envoy every listener that names the address",
    fix: 'Write an address such as 10.96.0.10, or "None" for a headless Service, or leave the field out',
  };
}

function outOfRange(value: unknown, { minimum, maximum }: SchemaNode): Words {
  const range = maximum === undefined ? `${minimum ?? 0} or more` : `${minimum ?? 0} to ${maximum}`;
  return {
    code: "PIL1004",
    problem: `${show(value)} is out of range`,
    reason: "The API would not store it",
    fix: `Write a number of ${range}`,
  };
}

type SizeKeyword = "minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties" | "maxProperties";

function wrongSize(keyword: SizeKeyword, limit: number, value: unknown): Words {
  const size = Array.isArray(value) || typeof value === "string" ? value.length : Object.keys(Object(value)).length;
  const unit = keyword.endsWith("Length") ? "characters" : keyword.endsWith("Properties") ? "keys" : "items";
  const isTooSmall = keyword.startsWith("min");
  return {
    code: "PIL1010",
    problem: `the value has ${size} ${unit}, and ${limit} is the ${isTooSmall ? "least" : "most"}`,
    reason: "The API would not store it",
    fix: isTooSmall ? `Add one of the ${unit}, or leave the field out` : `Shorten it to ${limit} ${unit}`,
  };
}

function badPort(key: string): Words {
  return {
    code: "PIL1004",
    problem: `the key "${key}" is not a port number`,
    reason: "No connection arrives at such a port",
    fix: "Write the number of the port on which the pod listens, 1 to 65535, not the Service's port or a name",
  };
}

function wrongType(value: unknown, node: SchemaNode): Words {
  const expected = node.intOrString ? "a number or a text" : (typeNames[node.type ?? ""] ?? "another type");
  return {
    code: "PIL1002",
    problem: `${show(value)} is ${typeNames[typeOf(value)] ?? "of no known type"}, and ${expected} is expected`,
    reason: "The API would not store it",
    fix: typeFix(value, node, expected),
  };
}

const typeNames: Readonly<Record<string, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "a mapping",
  array: "a list",
  null: "empty",
};

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function typeFix(value: unknown, node: SchemaNode, expected: string): string {
  const given = typeof value;
  if (node.type === "string" && (given === "number" || given === "boolean"))
    return `Put it in quotes: "${String(value)}"`;
  const isNumber = (node.type === "integer" || node.type === "number") && given === "string";
  if (isNumber && /^-?\d+(\.\d+)?$/.test(String(value))) return `Take the quotes away: ${String(value)}`;
  if (node.type === "boolean" && /^(true|yes|on)$/i.test(String(value))) return "Write true, without quotes";
  if (node.type === "boolean" && /^(false|no|off)$/i.test(String(value))) return "Write false, without quotes";
  if (node.type === "array") return `Write a list: put "- " before each item`;
  if (node.type === "object" && Array.isArray(value)) return `Write a mapping: take the "- " away`;
  return `Write ${expected}`;
}

/** A value as it stands in a message, cut where it is long. */
function show(value: unknown): string {
  // JSON has no word for numbers such as .nan and .inf of YAML.
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
