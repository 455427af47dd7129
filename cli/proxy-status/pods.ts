// Pods as the API server lists them, and which of them ought to be connected.
import { PillionError } from "../../base/error.ts";
import { jsonObject, messageOf } from "../../control-plane/kubernetes/api.ts";
import { isObject, type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { sidecarNames, statusAnnotation } from "../../model/sidecar.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";

/** Which pods. */
export interface PodQuery {
  /** undefined: all. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Pods of one answer; larger lists come in several. */
const pageSize = 500;

/** All pods that the query finds. @throws {PillionError} KUBERNETES_FORBIDDEN, KUBERNETES_REFUSED, and those of the client. */
export async function listPods(
  client: ApiClient,
  { namespace, labelSelector, fieldSelector }: PodQuery,
  signal: AbortSignal,
): Promise<readonly JsonObject[]> {
  const path = namespace === undefined ? "/api/v1/pods" : `/api/v1/namespaces/${namespace}/pods`;
  const pods: JsonObject[] = [];
  let next: string | undefined;
  do {
    const query = { labelSelector, fieldSelector, limit: pageSize, continue: next };
    const response = await client.request({ method: "GET", path, query, signal });
    if (response.status === 401 || response.status === 403)
      throw forbidden("list", "pods", namespace, messageOf(response));
    if (response.status !== 200) {
      throw new PillionError("KUBERNETES_REFUSED", {
        problem: `the API server answers get ${path} with ${response.status}: ${messageOf(response) || "no reason"}`,
        fix: `See what kubectl get pods ${namespace === undefined ? "-A" : `-n ${namespace}`} says`,
      });
    }
    const list = jsonObject(response.body);
    pods.push(...listAt(list, "items"));
    next = textAt(objectAt(list, "metadata"), "continue") || undefined;
  } while (next !== undefined);
  return pods;
}

/** "POD.NAMESPACE" of a pod whose proxy runs, or tries to, and was injected by one of these revisions; else undefined. */
export function expectedProxy(pod: JsonObject, revisions: ReadonlySet<string>): string | undefined {
  const metadata = objectAt(pod, "metadata");
  const annotations = objectAt(metadata, "annotations");
  if (textAt(metadata, "deletionTimestamp") !== "" || textAt(annotations, statusAnnotation) === "") return undefined;
  if (!revisions.has(textAt(annotations, "istio.io/rev"))) return undefined;
  const status = objectAt(pod, "status");
  // A pod whose proxy runs before the others is Pending until that is ready, which it is not without a control plane.
  const containers = [...listAt(status, "initContainerStatuses"), ...listAt(status, "containerStatuses")];
  const proxy = containers.find((container) => container["name"] === sidecarNames.proxyContainer);
  const hasStarted =
    proxy !== undefined && (isObject(objectAt(proxy, "state")["running"]) || Number(proxy["restartCount"]) > 0);
  if (!hasStarted) return undefined;
  return `${textAt(metadata, "name")}.${textAt(metadata, "namespace")}`;
}

/** The right that is missing, in one sentence. */
export function forbidden(
  verb: string,
  resource: string,
  namespace: string | undefined,
  message: string,
): PillionError {
  const where = namespace === undefined ? "of all namespaces" : `in namespace ${namespace}`;
  return new PillionError("KUBERNETES_FORBIDDEN", {
    problem: `you may not ${verb} ${resource} ${where} (${message || "no reason"})`,
    fix: `Ask for the right to ${verb} ${resource} there`,
  });
}
