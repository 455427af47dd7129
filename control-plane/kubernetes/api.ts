// What the control plane asks of the API server, in its own words: an answer of the wrong sort is an error that says what to do.
import { PillionError } from "../../base/error.ts";
import { isObject, type Json, type JsonObject, textAt } from "../../injector/json.ts";
import type { ApiClient, ApiRequest, ApiResponse } from "../../registry/kubernetes/api-client.ts";
import { canI, missingRight, rightText } from "../../registry/kubernetes/forbidden.ts";

/** Who writes our fields, as `kubectl get --show-managed-fields` shows it. */
export const fieldManager = "pillion";

type Query = NonNullable<ApiRequest["query"]>;

/** Questions with one good answer. All throw PillionError KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED or those of the client. */
export interface KubernetesApi {
  /** undefined where it does not exist. */
  get(path: string, query?: Query): Promise<JsonObject | undefined>;
  /** "exists" where there is one of that name. */
  create(path: string, object: JsonObject): Promise<JsonObject | "exists">;
  /** Server-side apply of our fields, whoever wrote them before. "gone" where its namespace is (being) deleted. */
  apply(path: string, object: JsonObject): Promise<JsonObject | "gone">;
  /** The answer, whatever its status is. */
  ask(method: ApiRequest["method"], path: string, body?: JsonObject, query?: Query): Promise<ApiResponse>;
}

/** Asks by this client until `signal` is aborted. */
export function kubernetesApi(client: ApiClient, signal: AbortSignal): KubernetesApi {
  const ask: KubernetesApi["ask"] = (method, path, body, query = {}) => {
    const content = body === undefined ? {} : { body };
    const contentType = method === "PATCH" ? { contentType: "application/apply-patch+yaml" } : {};
    return client.request({ method, path, query, signal, ...content, ...contentType });
  };
  return {
    ask,
    async get(path, query) {
      const response = await ask("GET", path, undefined, query);
      return response.status === 404 ? undefined : goodBody("get", path, response);
    },
    async create(path, object) {
      const response = await ask("POST", path, object, { fieldManager });
      return response.status === 409 ? "exists" : goodBody("create", path, response);
    },
    async apply(path, object) {
      const response = await ask("PATCH", path, object, { fieldManager, force: true });
      const message = messageOf(response);
      if (response.status === 404 || (response.status === 403 && message.includes("being terminated"))) return "gone";
      return goodBody("patch", path, response);
    },
  };
}

/** What the API server says about its answer; "" for an object. */
export function messageOf({ body }: ApiResponse): string {
  return typeof body === "string" ? body.trim() : textAt(jsonObject(body), "message");
}

/** The body as an object; an empty one where it is none. */
export function jsonObject(body: unknown): JsonObject {
  // The client parsed it from JSON, or it is text.
  const json = body as Json;
  return isObject(json) ? json : {};
}

function goodBody(verb: string, path: string, response: ApiResponse): JsonObject {
  const { status } = response;
  if (status >= 200 && status < 300) return jsonObject(response.body);
  const message = messageOf(response);
  if (status === 401 || status === 403) {
    const right = missingRight(message);
    if (right === undefined) {
      throw new PillionError("KUBERNETES_FORBIDDEN", {
        problem: `the control plane may not ${verb} ${path}: ${message || `status ${status}`}`,
        fix: "See what admission and authorization of the cluster demand of the control plane's service account",
      });
    }
    throw new PillionError("KUBERNETES_FORBIDDEN", {
      problem: `the control plane may not ${rightText(right)}`,
      fix: `Look with "${canI(right)}", and helm upgrade the chart, whose roles have this right`,
    });
  }
  throw new PillionError("KUBERNETES_REFUSED", {
    problem: `the API server answers ${verb} ${path} with ${status}: ${message || "no reason"}`,
    fix: "It is tried again; if it stays, the API server's log tells more",
  });
}
