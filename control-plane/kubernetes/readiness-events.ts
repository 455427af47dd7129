// What keeps a replica from being ready, and what is amiss with one that is, as Events: kubectl describe shows no body of /readyz.
import type { Topic } from "./events.ts";
import { meshConfiguration } from "./mesh-remarks.ts";

/** What is not well now; undefined: all is. */
export type Look = () => string | undefined;

/** Starting takes a moment, and is nobody's trouble. */
const patienceMs = 3_000;
const lookEveryMs = 1_000;

/** Why a replica is not ready. */
export const notReady: Topic = { bad: "NotReady", good: "Ready", goodMessage: "The control plane is ready" };
const unread: Topic = {
  bad: "ClusterNotRead",
  good: "ClusterRead",
  goodMessage: "The control plane reads all kinds of the cluster again",
};

/** Looks until `signal` is aborted. `events` makes a teller for a topic. */
export function tellReadiness(
  looks: { readonly readiness: Look; readonly reading: Look; readonly mesh: Look },
  events: (topic: Topic) => (problem: string | undefined) => void,
  signal: AbortSignal,
): void {
  const watched = [
    { look: looks.readiness, tell: events(notReady), badMs: 0 },
    { look: looks.reading, tell: events(unread), badMs: 0 },
    { look: looks.mesh, tell: events(meshConfiguration), badMs: 0 },
  ];
  const timer = setInterval(() => {
    for (const one of watched) {
      const problem = one.look();
      one.badMs = problem === undefined ? 0 : one.badMs + lookEveryMs;
      if (problem === undefined || one.badMs >= patienceMs) one.tell(problem);
    }
  }, lookEveryMs);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
