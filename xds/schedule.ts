// Which messages a proxy gets next: what differs from what it holds, in the order of needs.
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { DeltaMessage } from "./delta-response.ts";
import { missingNeeds } from "./gate.ts";
import { type Batch, messagesOf } from "./outbox.ts";
import {
  currentVersion,
  type Entry,
  entryOf,
  ofType,
  type ProxyState,
  type Question,
  routeOf,
  withoutBody,
} from "./proxy-state.ts";
import { removableClusters } from "./removal.ts";
import { type Want, type Wanted, wildcardTypes } from "./wanted.ts";

/** How long a resource waits for its needs before it is sent without them. */
export const needsTimeoutMs = 2_000;

/** What is needed comes before what needs it. */
const order: readonly TypeUrl[] = [
  typeUrls.cluster,
  typeUrls.endpoints,
  typeUrls.secret,
  typeUrls.listener,
  typeUrls.route,
  typeUrls.virtualHost,
];

/**
 * The messages that may be sent at this moment. Each counts as sent when it was taken, so take only what can be written;
 * the next call goes on from there. Sets `state.wakeAtMs`.
 */
export function* dueMessages(state: ProxyState, wanted: Wanted, nowMs: number): Generator<DeltaMessage> {
  state.wakeAtMs = undefined;
  for (const type of order) {
    if (!ofType(state, type).subscribed) continue;
    const batch: Batch = { type, resources: [], removed: [] };
    for (const want of wanted.get(type)?.values() ?? []) consider(state, wanted, batch, want, nowMs);
    answerTheRest(state, wanted, batch);
    if (type !== typeUrls.cluster) batch.removed.push(...unwanted(state, wanted, type));
    const whole = withoutIncomplete(state, wanted, batch);
    if (whole !== undefined) yield* messagesOf(state, wanted, whole);
  }
  if (!ofType(state, typeUrls.cluster).subscribed) return;
  const removed = removableClusters(state, wanted, nowMs);
  if (removed.length > 0) yield* messagesOf(state, wanted, { type: typeUrls.cluster, resources: [], removed });
}

/**
 * A proxy is ready when it has worked off its first answers, so what these hold back would be missed: clusters and
 * listeners come all together, and so do the hosts of a route configuration that it is to have unasked.
 */
function withoutIncomplete(state: ProxyState, wanted: Wanted, batch: Batch): Batch | undefined {
  const { type, resources } = batch;
  const typeState = ofType(state, type);
  const wants = wanted.get(type);
  if (wildcardTypes.has(type)) {
    return typeState.isFresh && resources.length < (wants?.size ?? 0) ? undefined : batch;
  }
  if (type !== typeUrls.virtualHost) return batch;
  const started = new Set([...typeState.entries].filter(([, entry]) => isThere(entry)).map(([name]) => routeOf(name)));
  const present = new Set(resources.map(({ name }) => name));
  const incomplete = new Set<string>();
  for (const want of wants?.values() ?? []) {
    const { name, aliases } = want;
    if (aliases.length > 0 || started.has(routeOf(name)) || present.has(name)) continue;
    if (targetOf(want, typeState.entries.get(name)) !== undefined) incomplete.add(routeOf(name));
  }
  return {
    ...batch,
    resources: resources.filter(({ name, aliases }) => aliases.length > 0 || !incomplete.has(routeOf(name))),
  };
}

const isThere = (entry: Entry): boolean => currentVersion(entry) !== undefined;

/** Put a resource into the batch if its turn has come. */
function consider(state: ProxyState, wanted: Wanted, batch: Batch, want: Want, nowMs: number): void {
  const typeState = ofType(state, batch.type);
  const entry = typeState.entries.get(want.name);
  const target = targetOf(want, entry);
  if (target === undefined) return;
  const names = [target.name, ...target.aliases];
  const isAnswer = isDemanded(names, typeState.questions, entry, target);
  if (!isAnswer && currentVersion(entry) === target.version) return;
  if (target.resource === undefined && batch.type === typeUrls.secret) return;
  // Until the proxy has the route configuration, Envoy would take a virtual host of it and throw it away.
  if (batch.type === typeUrls.virtualHost && !isAnswer && !hasRoute(state, target.name)) return;
  if (!isReady(state, wanted, target, nowMs)) return;
  const present = currentVersion(entry);
  // A virtual host without a body would leave the present body in force.
  if (target.resource === undefined && present !== undefined && present !== withoutBody)
    batch.removed.push(target.name);
  batch.resources.push(target);
}

/** What to send of it: a version that the proxy refused is not sent again, its last good form stays. */
function targetOf(want: Want, entry: Entry | undefined): Want | undefined {
  if (entry?.refused?.version !== want.version) return want;
  const { held } = entry;
  if (held === undefined || held.version === withoutBody) {
    // Only a question has an answer without a body.
    return want.aliases.length > 0 ? { ...want, version: withoutBody, resource: undefined } : undefined;
  }
  return held.resource === undefined ? undefined : { ...want, version: held.version, resource: held.resource };
}

/** Whether the proxy waits for an answer. Old questions are closed here when it holds the answer. */
function isDemanded(
  names: readonly string[],
  questions: Map<string, Question>,
  entry: Entry | undefined,
  target: Want,
): boolean {
  let demanded = false;
  for (const name of names) {
    const question = questions.get(name);
    if (question === "unless-held" && entry?.held?.version === target.version) questions.delete(name);
    else if (question !== undefined) demanded = true;
  }
  return demanded;
}

function hasRoute(state: ProxyState, virtualHost: string): boolean {
  return ofType(state, typeUrls.route).entries.get(routeOf(virtualHost))?.held !== undefined;
}

/** All needs are in the proxy's hands, or were waited for long enough. */
function isReady(state: ProxyState, wanted: Wanted, target: Want, nowMs: number): boolean {
  if (target.resource === undefined) return true;
  const missing = missingNeeds(state, wanted, target.resource);
  const entry = entryOf(ofType(state, target.type), target.name);
  delete entry.late;
  if (missing.length === 0) {
    delete entry.waiting;
    return true;
  }
  if (entry.waiting?.version !== target.version) entry.waiting = { version: target.version, sinceMs: nowMs };
  const endMs = entry.waiting.sinceMs + needsTimeoutMs;
  if (nowMs < endMs) {
    state.wakeAtMs = Math.min(state.wakeAtMs ?? endMs, endMs);
    return false;
  }
  entry.late = { version: target.version, missing };
  return true;
}

/** Questions about what does not exist get an answer too, else Envoy would let requests hang. */
function answerTheRest(state: ProxyState, wanted: Wanted, batch: Batch): void {
  const { questions, entries } = ofType(state, batch.type);
  if (questions.size === 0) return;
  const waiting = new Set<string>();
  for (const want of wanted.get(batch.type)?.values() ?? []) {
    if (targetOf(want, entries.get(want.name)) === undefined) continue;
    for (const name of [want.name, ...want.aliases]) waiting.add(name);
  }
  for (const name of questions.keys()) {
    if (waiting.has(name)) continue;
    if (batch.type === typeUrls.virtualHost) {
      batch.resources.push({ name, version: withoutBody, aliases: [name], resource: undefined });
    } else if (entries.get(name)?.held === undefined) batch.removed.push(name);
    else questions.delete(name);
  }
}

/** What the proxy holds and should not hold any more. */
function unwanted(state: ProxyState, wanted: Wanted, type: TypeUrl): string[] {
  const { entries } = ofType(state, type);
  const names: string[] = [];
  for (const [name, entry] of entries) {
    if (wanted.get(type)?.has(name)) continue;
    if (currentVersion(entry) !== undefined) names.push(name);
    else if (entry.sent === undefined) entries.delete(name);
  }
  return names;
}
