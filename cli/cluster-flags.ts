// The flags of every verb that asks a cluster.
import { homedir } from "node:os";
import { join } from "node:path";
import type { ApiClientOptions } from "../registry/kubernetes/api-client.ts";

/** For parseArgs. */
export const clusterFlags = {
  kubeconfig: { type: "string", short: "c", default: process.env["KUBECONFIG"] || join(homedir(), ".kube", "config") },
  context: { type: "string" },
} as const;

/** What they say. */
export function accessOf(values: {
  readonly kubeconfig: string;
  readonly context?: string | undefined;
}): ApiClientOptions {
  const { kubeconfig, context } = values;
  return context === undefined ? { kubeconfig } : { kubeconfig, context };
}
