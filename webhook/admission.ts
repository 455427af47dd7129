// The form of what the API server asks and what it is answered: admission.k8s.io/v1, only what is read or written here.
// @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
import { isObject, type Json, type JsonObject, objectAt, textAt } from "../injector/json.ts";

export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  /** The kind of `object`, such as "Pod". */
  readonly kind: string;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  /** undefined on DELETE. */
  readonly object: JsonObject | undefined;
  /** undefined on CREATE. */
  readonly oldObject: JsonObject | undefined;
  readonly dryRun: boolean;
  /** Who writes, such as "kubectl-edit". */
  readonly fieldManager?: string;
}

/** What became of a request's body. */
export type ReadReview =
  | { readonly type: "request"; readonly request: AdmissionRequest }
  /** A review whose uid can be answered, and nothing else. `problem` is one sentence. */
  | { readonly type: "unusable"; readonly uid: string; readonly problem: string }
  /** No review at all. `problem` is one sentence. */
  | { readonly type: "unreadable"; readonly problem: string };

const operations = ["CREATE", "UPDATE", "DELETE", "CONNECT"] as const;

/** The request in a review of the one version that is understood. */
export function readReview(body: Json): ReadReview {
  if (!isObject(body)) return { type: "unreadable", problem: "The body is not an AdmissionReview object." };
  const { apiVersion, kind } = body;
  if (apiVersion !== "admission.k8s.io/v1" || kind !== "AdmissionReview") {
    const problem = `The body is ${quoted(kind)} of ${quoted(apiVersion)}, but only "AdmissionReview" of "admission.k8s.io/v1" is answered here.`;
    return { type: "unreadable", problem };
  }
  const request = objectAt(body, "request");
  const uid = textAt(request, "uid");
  if (uid === "") return { type: "unreadable", problem: "The AdmissionReview has no request.uid to answer." };
  const operation = operations.find((one) => one === request["operation"]);
  if (operation === undefined) {
    return {
      type: "unusable",
      uid,
      problem: `The request's operation is ${quoted(request["operation"])}, not one of ${operations.join(", ")}.`,
    };
  }
  const object = isObject(request["object"]) ? request["object"] : undefined;
  if (object === undefined && operation !== "DELETE")
    return { type: "unusable", uid, problem: "The request holds no object." };
  return {
    type: "request",
    request: {
      uid,
      operation,
      kind: textAt(objectAt(request, "kind"), "kind"),
      namespace: textAt(request, "namespace"),
      name: textAt(request, "name"),
      object,
      oldObject: isObject(request["oldObject"]) ? request["oldObject"] : undefined,
      dryRun: request["dryRun"] === true,
      fieldManager: textAt(objectAt(request, "options"), "fieldManager"),
    },
  };
}

const shownCharacters = 60;

const quoted = (value: Json | undefined): string =>
  typeof value === "string"
    ? JSON.stringify(value.slice(0, shownCharacters))
    : value === undefined
      ? "nothing"
      : `a ${typeof value}`;
