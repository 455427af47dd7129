// Events about the control plane, for people who look with kubectl and not into logs. One object a reason: what happens again
// is counted there, so that trouble that lasts is one line of `kubectl get events` and not a hundred.
import { errorText } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { KubernetesApi } from "./api.ts";

/** What an Event is about. `kubectl describe` shows it only with the uid. */
export type Subject =
  | { readonly kind: "Pod"; readonly namespace: string; readonly name: string; readonly uid: string }
  | { readonly kind: "Deployment"; readonly namespace: string; readonly name: string };

/** Two reasons, CamelCase, that take turns. */
export interface Topic {
  readonly bad: string;
  readonly good: string;
  /** Said when it is well again. */
  readonly goodMessage: string;
}

export interface EventsDeps {
  readonly api: Pick<KubernetesApi, "apply">;
  readonly log: Pick<Logger, "warn">;
  readonly clock: Pick<Clock, "now">;
  readonly about: Subject;
}

/** Who reports. */
export const component = "pillion.io/control-plane";

/** Longest message that the API server takes. */
const messageCharacters = 1_024;
/** The same trouble is counted again no sooner than this. */
const againMs = 300_000;

interface Series {
  readonly firstMs: number;
  lastMs: number;
  count: number;
  told: string;
}

/**
 * Gives a function that hears how it goes, a problem or (undefined) that all is well, and writes an Event when that changes.
 * That all is well is news only after trouble. An Event that cannot be written is logged.
 */
export function eventsAbout(deps: EventsDeps): (topic: Topic) => (problem: string | undefined) => void {
  const { api, log, clock, about } = deps;
  const known = new Map<string, Series>();
  let last: Promise<unknown> = Promise.resolve();
  const write = async (event: JsonObject, path: string, reason: string): Promise<void> => {
    try {
      await api.apply(path, event);
    } catch (thrown) {
      log.warn({ reason, error: errorText(thrown) }, "could not write an Event");
    }
  };
  const tell = (type: "Normal" | "Warning", reason: string, message: string): void => {
    const now = clock.now();
    const series = known.get(reason) ?? { firstMs: now, lastMs: now, count: 0, told: "" };
    known.set(reason, Object.assign(series, { lastMs: now, count: series.count + 1, told: message }));
    const name = `${about.name}.${reason.toLowerCase()}`;
    const path = `/api/v1/namespaces/${about.namespace}/events/${name}`;
    const event = eventObject(about, { name, type, reason, message }, series);
    // One after the other, so that the last word is the last one written.
    last = last.then(() => write(event, path, reason));
  };
  return ({ bad, good, goodMessage }) => {
    let isBad = false;
    return (problem) => {
      if (problem === undefined) {
        if (isBad) tell("Normal", good, goodMessage);
        isBad = false;
        return;
      }
      const series = known.get(bad);
      const isNews = !isBad || series === undefined || !isSameProblem(series.told, problem);
      isBad = true;
      if (isNews || clock.now() - series.lastMs >= againMs) tell("Warning", bad, problem);
    };
  };
}

/** Whether two sentences say the same: they may differ in port numbers, times and counts. */
export function isSameProblem(one: string | undefined, other: string | undefined): boolean {
  return one?.replaceAll(/\d+/g, "0") === other?.replaceAll(/\d+/g, "0");
}

function eventObject(
  about: Subject,
  parts: { readonly name: string; readonly type: string; readonly reason: string; readonly message: string },
  { firstMs, lastMs, count }: Series,
): JsonObject {
  const { name, type, reason, message } = parts;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: about.namespace },
    involvedObject: { apiVersion: about.kind === "Pod" ? "v1" : "apps/v1", ...about },
    type,
    reason,
    message: message.slice(0, messageCharacters),
    source: { component: "pillion" },
    reportingComponent: component,
    reportingInstance: about.name,
    firstTimestamp: timeText(firstMs),
    lastTimestamp: timeText(lastMs),
    count,
  };
}

const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
