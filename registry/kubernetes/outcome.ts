// What the answers of an API server mean for a watch. Pure, so that every trouble is a line of a table.
import { isJsonObject, type JsonObject } from "../../api/normalize.ts";

/** How one attempt to list or watch came out. */
export type Outcome =
  /** The list is complete, as of this version. */
  | { readonly type: "listed"; readonly version: string }
  /** The stream ended as streams do; `heard` says whether anything came over it. */
  | { readonly type: "ended"; readonly heard: boolean }
  /** The version is too old (or from the future): only a new list tells what is there. */
  | { readonly type: "expired" }
  /** The API server knows no such resource: its CRD is not installed. */
  | { readonly type: "absent" }
  /** We may not. */
  | { readonly type: "refused"; readonly problem: string }
  /** Too many requests, or about to stop. */
  | { readonly type: "busy"; readonly problem: string; readonly retryAfterMs?: number }
  /** What came makes no sense. */
  | { readonly type: "garbled"; readonly problem: string }
  /** No connection, a cut one, a silent one, an error of the server's. */
  | { readonly type: "broken"; readonly problem: string };

/** An outcome that asks for another attempt. */
export type Failure = Exclude<Outcome, { readonly type: "listed" | "ended" }>;

/** One line of a watch. */
export type WatchEvent =
  | { readonly type: "put" | "delete"; readonly object: JsonObject; readonly version: string }
  | { readonly type: "bookmark"; readonly version: string }
  | { readonly type: "failed"; readonly failure: Failure };

/** What an answer that is not 200 means. */
export function failureOf(answer: {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body?: unknown;
}): Failure {
  const { status, body } = answer;
  const problem = `${status} ${messageOf(body)}`.trim();
  if (status === 410 || isTooLarge(body)) return { type: "expired" };
  if (status === 404) return { type: "absent" };
  if (status === 401 || status === 403) return { type: "refused", problem };
  const seconds = Number(answer.retryAfter ?? detailsOf(body)["retryAfterSeconds"]);
  if (status !== 429 && status !== 503) return { type: "broken", problem };
  return { type: "busy", problem, ...(seconds > 0 ? { retryAfterMs: seconds * 1_000 } : {}) };
}

/** What a line of a watch means. */
export function readEvent(line: unknown): WatchEvent {
  const { type, object } = isJsonObject(line) ? line : {};
  if (type === "ERROR") {
    const status = isJsonObject(object) ? Number(object["code"]) : 0;
    return { type: "failed", failure: failureOf({ status, body: object }) };
  }
  const version = isJsonObject(object) ? metadataText(object, "resourceVersion") : "";
  if (!isJsonObject(object) || version === "") return garbled(line);
  switch (type) {
    case "BOOKMARK":
      return { type: "bookmark", version };
    case "ADDED":
    case "MODIFIED":
      return metadataText(object, "name") === "" ? garbled(line) : { type: "put", object, version };
    case "DELETED":
      return metadataText(object, "name") === "" ? garbled(line) : { type: "delete", object, version };
    default:
      return garbled(line);
  }
}

/** One page of a list; undefined when this is no list. */
export function readPage(
  body: unknown,
): { readonly items: readonly JsonObject[]; readonly version: string; readonly next: string } | undefined {
  const items = isJsonObject(body) ? (body["items"] ?? []) : undefined;
  if (!isJsonObject(body) || !Array.isArray(items)) return undefined;
  const version = metadataText(body, "resourceVersion");
  const good = items.filter((item): item is JsonObject => isJsonObject(item) && metadataText(item, "name") !== "");
  if (version === "" || good.length < items.length) return undefined;
  return { items: good, version, next: metadataText(body, "continue") };
}

/** A text of `metadata`; "" where there is none. */
export function metadataText(object: JsonObject, field: string): string {
  const metadata = object["metadata"];
  const value = isJsonObject(metadata) ? metadata[field] : undefined;
  return typeof value === "string" ? value : "";
}

function garbled(line: unknown): WatchEvent {
  return { type: "failed", failure: { type: "garbled", problem: `no event: ${JSON.stringify(line).slice(0, 100)}` } };
}

/** A version that the server has not reached, as after etcd was restored from a backup. */
function isTooLarge(body: unknown): boolean {
  const causes = detailsOf(body)["causes"];
  return (
    Array.isArray(causes) && causes.some((one) => isJsonObject(one) && one["reason"] === "ResourceVersionTooLarge")
  );
}

function detailsOf(body: unknown): JsonObject {
  const details = isJsonObject(body) ? body["details"] : undefined;
  return isJsonObject(details) ? details : {};
}

function messageOf(body: unknown): string {
  const message = isJsonObject(body) ? body["message"] : body;
  return typeof message === "string" ? message.trim().slice(0, 300) : "";
}
