// Events on the control plane's Deployment, for people who look with kubectl and not into logs.
import type { KubernetesApi } from "./api.ts";

export interface EventParts {
  readonly type: "Normal" | "Warning";
  /** CamelCase, for machines. */
  readonly reason: string;
  readonly message: string;
}

/** Longest message that the API server takes. */
const messageCharacters = 1_024;

/** Says something about this Deployment. @throws {PillionError} those of the API. */
export async function tellEvent(
  api: Pick<KubernetesApi, "create">,
  about: { readonly namespace: string; readonly deployment: string },
  { type, reason, message }: EventParts,
  now: number,
): Promise<void> {
  const { namespace, deployment } = about;
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  await api.create(`/api/v1/namespaces/${namespace}/events`, {
    apiVersion: "v1",
    kind: "Event",
    metadata: { generateName: `${deployment}-`, namespace },
    involvedObject: { apiVersion: "apps/v1", kind: "Deployment", namespace, name: deployment },
    type,
    reason,
    message: message.slice(0, messageCharacters),
    source: { component: "pillion" },
    reportingComponent: "pillion.io/control-plane",
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  });
}
