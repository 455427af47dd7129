// The shortest way to say what is wrong with a place.
import type { JsonPath } from "../base/json-path.ts";
import type { Complaint } from "./rule.ts";

/** What is wrong at a path, why it matters, how to mend it. */
export function complaint(path: JsonPath, problem: string, reason: string, fix: string): Complaint {
  return { path, problem, reason, fix };
}

/** Whether a text is there and not empty: protobuf does not tell the two apart. */
export function filled(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}
