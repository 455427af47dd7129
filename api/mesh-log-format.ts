// The format of access logs. Envoy refuses a listener for one bad command, and every listener has it.
import { jsonPath } from "../base/json-path.ts";
import { valueFormatFault } from "./header-format.ts";
import { unusable } from "./mesh-problems.ts";
import { isJsonObject, type JsonObject } from "./normalize.ts";
import type { SchemaProblem } from "./schema-findings.ts";

/** The JSON object that `accessLogFormat` holds; undefined where it is none, and the default fields are written. */
export function jsonLogFormat(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined; // No JSON: the default fields are better than no log.
  }
}

/** What is wrong with the texts of the format. */
export function logFormatProblems({ accessLogFormat, accessLogEncoding }: JsonObject): readonly SchemaProblem[] {
  if (typeof accessLogFormat !== "string") return [];
  const texts = accessLogEncoding === "JSON" ? textsIn(jsonLogFormat(accessLogFormat)) : [accessLogFormat];
  const [fault] = texts.flatMap((text) => valueFormatFault(text, true) ?? []);
  if (fault === undefined) return [];
  const fix = "Write commands that Envoy knows, such as %START_TIME% or %REQ(:PATH)%, and %% for a percent sign";
  return [unusable(jsonPath("accessLogFormat"), `the format ${fault}`, fix)];
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
