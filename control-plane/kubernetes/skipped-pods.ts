// Events on pods that stay without a proxy though they were meant for the mesh: nobody else tells their owners. The webhook's
// own warning is seen only by who creates a pod by hand, and of pods that its selectors leave out the webhook never hears.
import type { Namespace } from "../../api/namespace.ts";
import type { Pod } from "../../api/pod.ts";
import { errorText } from "../../base/error.ts";
import { memoize } from "../../base/memo.ts";
import type { JsonObject } from "../../injector/json.ts";
import type { InjectorSettings } from "../../injector/settings.ts";
import { type WithoutProxy, whyWithoutProxy } from "../../injector/without-proxy.ts";
import { controllerOf } from "../../model/workloads.ts";
import { lookUp, type World } from "../../model/world.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { KubernetesApi } from "./api.ts";
import { component } from "./events.ts";

export interface SkippedPodsDeps {
  readonly api: Pick<KubernetesApi, "create">;
  readonly log: Pick<Logger, "warn">;
  readonly clock: Pick<Clock, "now">;
  readonly settings: () => InjectorSettings;
  /** The control plane's own, which the webhook leaves out. */
  readonly namespace: string;
  /** Waits between two Events. */
  readonly rest: () => Promise<void>;
}

/** Ten Events a second at most: a namespace that gets its label may have many pods. */
export const podEventEveryMs = 100;
/** Pods of one owner with one reason that get an Event: whoever looks at one of them knows about all. */
const podsPerOwner = 3;
/** Events that wait to be written; what comes on top is told when the control plane starts again, or never. */
const waitingEvents = 500;

/** Gives what looks at each new World. */
export function tellSkippedPods(deps: SkippedPodsDeps): (world: World) => void {
  let seen: World["objects"] | undefined;
  /** What was told of each pod, by uid. */
  let told = new Map<string, string>();
  const waiting: { readonly path: string; readonly event: JsonObject }[] = [];
  let isWriting = false;
  const write = async (): Promise<void> => {
    isWriting = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        // One that is there already tells the same: another replica wrote it, or this one before it started again.
        await deps.api.create(next.path, next.event);
      } catch (thrown) {
        deps.log.warn({ path: next.path, error: errorText(thrown) }, "could not write an Event");
      }
      await deps.rest();
    }
    isWriting = false;
  };
  return (world) => {
    const { Pod: pods, Namespace: namespaces } = world.objects;
    if (seen?.Pod === pods && seen.Namespace === namespaces) return;
    seen = world.objects;
    const before = told;
    told = new Map();
    const perOwner = new Map<string, number>();
    for (const pod of pods.values()) {
      const why = pod.metadata.namespace === deps.namespace ? undefined : reasonOf(pod, world, deps.settings());
      const { uid } = pod.metadata;
      if (why === undefined || uid === undefined) continue;
      const key = `${ownerText(pod)} ${why.code}`;
      const count = (perOwner.get(key) ?? 0) + 1;
      perOwner.set(key, count);
      if (count > podsPerOwner) continue;
      told.set(uid, why.code);
      if (before.get(uid) === why.code || waiting.length >= waitingEvents) continue;
      waiting.push(eventOf(pod, uid, why, deps.clock.now()));
    }
    // It never rejects: what the API server refuses is logged.
    if (!isWriting && waiting.length > 0) void write();
  };
}

const reasonOf = (pod: Pod, world: World, settings: InjectorSettings): WithoutProxy | undefined =>
  pod.metadata.deletionTimestamp === undefined
    ? remembered(pod, lookUp(world, "Namespace", "", pod.metadata.namespace), settings)
    : undefined;

/** Thousands of pods are looked at whenever one of them changes. */
const remembered = memoize(
  (pod: Pod, namespace: Namespace | undefined, settings: InjectorSettings): WithoutProxy | undefined => {
    const { labels = {}, annotations = {} } = namespace?.metadata ?? {};
    const facts = { name: pod.metadata.namespace, labels, annotations };
    // What was parsed from JSON is JSON; its type has no index signature.
    return whyWithoutProxy(pod as unknown as JsonObject, facts, settings);
  },
);

function ownerText({ metadata }: Pod): string {
  const owner = controllerOf(metadata);
  return `${metadata.namespace} ${owner === undefined ? `Pod ${metadata.name}` : `${owner.kind} ${owner.name}`}`;
}

function eventOf(pod: Pod, uid: string, { code, reason }: WithoutProxy, now: number) {
  const { namespace, name } = pod.metadata;
  const time = new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
  const fix = code === "created-before" ? " Create it again: kubectl rollout restart." : "";
  const eventName = `${name.slice(0, 200).replace(/[-.]+$/, "")}.${code}.${uid.slice(0, 8)}`;
  const event: JsonObject = {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: eventName, namespace },
    involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name, uid },
    // Who opted out knows; the others may not.
    type: code === "pod-opted-out" ? "Normal" : "Warning",
    reason: "ProxyNotInjected",
    message: `PIL5001 No proxy was injected: ${reason}.${fix}`,
    source: { component: "pillion" },
    reportingComponent: component,
    reportingInstance: "injector",
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  return { path: `/api/v1/namespaces/${namespace}/events`, event };
}
