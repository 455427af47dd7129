// The last step of a start: what is kept in order in the cluster from now on.
import type { InjectorSettings } from "../../injector/settings.ts";
import { rootsPem } from "../ca-bundle.ts";
import { systemClock } from "../clock.ts";
import { serviceName } from "../config.ts";
import { pause } from "../until.ts";
import type { Ground } from "./find-ground.ts";
import { type Kept, keep } from "./keep.ts";
import { keepRoots, lastingNamespaces, rootRefusals } from "./keep-roots.ts";
import { keepTested, keepWebhooks, reachability, tagClaims } from "./keep-webhooks.ts";
import type { OpenWorld } from "./open-world.ts";
import { remarking } from "./remarks.ts";
import { podEventEveryMs, tellSkippedPods } from "./skipped-pods.ts";
import { parts, type StartDeps, untilWell } from "./start-parts.ts";
import { requestFor, reviewToken } from "./token-review.ts";
import type { WebhookFacts } from "./webhook-configurations.ts";

const reviewEveryMs = 600_000;

/** What the control plane keeps in order in the cluster. */
export function keepAll(
  { config, log, health, metrics, remarks }: StartDeps,
  world: OpenWorld & Ground & { readonly settings: () => InjectorSettings },
  signal: AbortSignal,
): { readonly tested: Kept; readonly webhooks: Kept } {
  const { namespace, revision, webhookUrl } = config;
  const { api, client, ca, owner, cluster, onWorld } = world;
  const facts = (): WebhookFacts => ({
    namespace,
    revision,
    tags: world.settings().tags,
    enableNamespacesByDefault: world.settings().enableNamespacesByDefault,
    target:
      webhookUrl === undefined ? { type: "service", name: serviceName(revision) } : { type: "url", url: webhookUrl },
    rootsPem: rootsPem(ca.current()),
    owner,
  });
  const shared = { client, api, log, revision, owner };
  const remark = remarking(remarks, world.events);
  const onTakenTags = remark("revision tags", tagClaims);
  const onOutcomeOfWebhooks = untilWell(health, parts.webhooks);
  const webhooks = keepWebhooks({ ...shared, facts, onTakenTags, onOutcome: onOutcomeOfWebhooks }, signal);
  const onRefusals = remark("root certificates", rootRefusals);
  const roots = keepRoots(
    {
      ...{ ...shared, ca, namespace, clock: systemClock, onRefusals, onOutcome: untilWell(health, parts.roots) },
      namespaces: () => lastingNamespaces(cluster.world().objects),
    },
    signal,
  );
  let namespaces = cluster.world().objects.Namespace;
  onWorld.add(() => {
    const known = namespaces;
    namespaces = cluster.world().objects.Namespace;
    if (namespaces !== known) roots.poke();
  });
  const lookAtPods = tellSkippedPods({
    ...{ api, log, clock: systemClock, settings: world.settings, namespace },
    rest: () => pause(podEventEveryMs, signal),
  });
  lookAtPods(cluster.world());
  onWorld.add(() => lookAtPods(cluster.world()));
  ca.subscribe(webhooks.poke);
  // Without this right all looks well, and no proxy gets anything.
  const review = async (): Promise<void> => void (await reviewToken(api, requestFor("none")));
  const reviewed = { name: parts.tokens, log, everyMs: reviewEveryMs, onOutcome: untilWell(health, parts.tokens) };
  keep({ ...reviewed, task: review }, signal);
  const tell = world.events(reachability);
  const onOutcome = (problem: string | undefined): void => {
    remarks.set("self-test", problem ?? "the API server reaches the webhook");
    tell(problem);
  };
  const tested = keepTested({ api, log, metrics, namespace, revision, onOutcome }, signal);
  // The API server trusts others from now on.
  ca.subscribe(tested.poke);
  return { tested, webhooks };
}
