// What start-up goes through, part by part, and what each step is handed.
import type { Registry } from "prom-client";
import type { KubernetesConfig } from "../config.ts";
import type { Health } from "../health.ts";
import type { Logger } from "../log.ts";

/** What has to be well before this replica is asked for anything. */
export const parts = {
  cluster: "API server",
  world: "world",
  mesh: "mesh configuration",
  installation: "installation",
  authority: "certificate authority",
  servers: "webhook and xDS servers",
  webhooks: "webhook configurations",
  roots: "root certificates",
  tokens: "token reviews",
} as const;

export interface StartDeps {
  readonly config: KubernetesConfig;
  readonly log: Logger;
  readonly health: Health;
  readonly metrics: Registry;
  /** More to know, which does not count for readiness. */
  readonly remarks: Map<string, string>;
}

/** Tells of a part until it is well for the first time: what fails later must not take proxies away from us. */
export function untilWell(health: Health, part: string): (problem: string | undefined) => void {
  let isWell = false;
  return (problem) => {
    isWell ||= problem === undefined;
    health.set(part, isWell ? undefined : problem);
  };
}
