// The webhook configurations stay as they should be, and the API server's way to us is tried whenever it may have changed.
import { Gauge, type Registry } from "prom-client";
import { PillionError } from "../../base/error.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import type { WatchUpdate } from "../../registry/kubernetes/watch.ts";
import type { Logger } from "../log.ts";
import type { KubernetesApi } from "./api.ts";
import { applyWebhooks, injectorsPath, webhookPaths } from "./apply-webhooks.ts";
import type { Topic } from "./events.ts";
import { followAll, followObject } from "./follow.ts";
import { type Kept, keep } from "./keep.ts";
import { selfTest } from "./self-test.ts";
import { isHolder } from "./tags.ts";
import type { WebhookFacts } from "./webhook-configurations.ts";

export interface KeepWebhooksDeps {
  readonly client: ApiClient;
  readonly api: KubernetesApi;
  readonly log: Logger;
  readonly facts: () => WebhookFacts;
  readonly onOutcome: (problem: string | undefined) => void;
  /** Told of tags that another control plane has: a sentence, or (undefined) that there are none. */
  readonly onTakenTags: (problem: string | undefined) => void;
}

/** What Events say of tags. */
export const tagClaims: Topic = {
  bad: "TagTaken",
  good: "TagsServed",
  goodMessage: "All revisionTags lead to this one",
};

/** An edit that a watch did not tell of is undone after this time. */
const lookEveryMs = 60_000;
/** Two versions of the control plane, during a rollout, undo each other's work no faster than this. */
const restMs = 2_000;

/** Both configurations, until `signal` is aborted. Poke it when the facts have changed. */
export function keepWebhooks(deps: KeepWebhooksDeps, signal: AbortSignal): Kept {
  const { api, client, log, facts, onOutcome } = deps;
  const task = async (): Promise<void> => deps.onTakenTags(await applyWebhooks(api, facts()));
  const kept = keep({ name: "webhook configurations", log, everyMs: lookEveryMs, restMs, task, onOutcome }, signal);
  const { namespace, revision } = facts();
  for (const path of webhookPaths(revision, namespace)) void followObject(client, path, kept.poke, signal);
  // A tag that somebody else lets go may be ours.
  const onUpdate = (update: WatchUpdate): void => {
    const mayMatter = update.type === "delete" || (update.type === "put" && isHolder(update.object));
    if (mayMatter && facts().tags.length > 0) kept.poke();
  };
  void followAll(client, injectorsPath, onUpdate, signal);
  return kept;
}

export interface KeepTestedDeps {
  readonly api: Pick<KubernetesApi, "ask">;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly namespace: string;
  readonly revision: string;
  /** Told after each time: a sentence, or (undefined) that the webhook is reached. */
  readonly onOutcome: (problem: string | undefined) => void;
}

/** What Events say of it. */
export const reachability: Topic = {
  bad: "WebhookUnreachable",
  good: "WebhookReachable",
  goodMessage: "The API server reaches the webhook again",
};

/** Nobody tells of a firewall rule that has changed. */
const testEveryMs = 600_000;
/** A Service has no endpoints before the kubelet has seen that we are ready: 8 s of failures are nothing special. */
const patience = 4;

/** Tries the way from the API server to our webhook until `signal` is aborted. Poke it when the way may have changed. */
export function keepTested(deps: KeepTestedDeps, signal: AbortSignal): Kept {
  const { api, log, namespace, revision } = deps;
  const gauge = new Gauge({
    name: "pillion_webhook_reachable",
    help: "1 when the API server reached our webhook in the last self-test, else 0",
    registers: [deps.metrics],
  });
  const testedAt = new Gauge({
    name: "pillion_webhook_tested_timestamp_seconds",
    help: "When the last self-test began, in seconds since 1970",
    registers: [deps.metrics],
  });
  const onOutcome = (problem: string | undefined): void => {
    gauge.set(problem === undefined ? 1 : 0);
    deps.onOutcome(problem);
  };
  const task = async (): Promise<void> => {
    testedAt.setToCurrentTime();
    const result = await selfTest({ api, namespace, revision, now: () => performance.now() });
    if (result.ok) return;
    const words = result.words === "" ? {} : { reason: `It says: ${result.words}` };
    throw new PillionError("WEBHOOK_UNREACHABLE", {
      problem: `${result.problem} (${result.hop})`,
      fix: result.fix,
      ...words,
    });
  };
  return keep({ name: "self-test", log, everyMs: testEveryMs, patience, task, onOutcome }, signal);
}
