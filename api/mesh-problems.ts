// How what is wrong in the mesh configuration is told.
import type { JsonPath } from "../base/json-path.ts";
import type { SchemaProblem } from "./schema-findings.ts";

/** What is wrong with a value; undefined where nothing is. */
export type Fault = (value: unknown) => { readonly what: string; readonly fix: string } | undefined;

/** A problem of this sort. */
export function unusable(path: JsonPath, problem: string, fix: string): SchemaProblem {
  return { code: "PIL1015", path, problem, reason: "The configuration that was read last stays in force", fix };
}

/** A number of a port. */
export const portNumber: Fault = (value) =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535
    ? undefined
    : { what: "is no port", fix: "Write a number of 1 to 65535" };
