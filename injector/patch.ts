// From two pods to the one patch that an admission webhook may answer with.
import jsonPatch, { type Operation } from "fast-json-patch";
import type { JsonObject } from "./json.ts";

export type PatchOperation = Operation;

/** The RFC 6902 patch that turns `before` into `after`; empty where they are equal. */
export function patchOf(before: JsonObject, after: JsonObject): readonly PatchOperation[] {
  return jsonPatch.compare(before, after);
}
