// Which messages a proxy gets next: what differs from what it holds, in the order of needs.
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";
import { type DeltaMessage, type DeltaResource, sizeInMessage } from "./delta-response.ts";
import { missingNeeds } from "./gate.ts";
import {
  currentVersion,
  type Entry,
  entryOf,
  ofType,
  type ProxyState,
  type Question,
  routeOf,
  type SentMessage,
  withoutBody,
} from "./proxy-state.ts";
import { removableClusters } from "./removal.ts";
import { type Want, type Wanted, wildcardTypes } from "./wanted.ts";

/** How long a resource waits for its needs before it is sent without them. */
export const needsTimeoutMs = 2_000;
/** A response that would grow above this is split; every part is acknowledged by itself. */
export const maximumMessageBytes = 4 * 1024 * 1024;

/** What is needed comes before what needs it. */
const order: readonly TypeUrl[] = [
  typeUrls.cluster,
  typeUrls.endpoints,
  typeUrls.secret,
  typeUrls.listener,
  typeUrls.route,
  typeUrls.virtualHost,
];

interface Batch {
  readonly type: TypeUrl;
  readonly resources: DeltaResource[];
  readonly removed: string[];
}

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
    if (isTooEarly(state, wanted, batch)) continue;
    yield* messagesOf(state, wanted, batch);
  }
  if (!ofType(state, typeUrls.cluster).subscribed) return;
  const removed = removableClusters(state, wanted, nowMs);
  if (removed.length > 0) yield* messagesOf(state, wanted, { type: typeUrls.cluster, resources: [], removed });
}

/** A proxy is ready when it has worked off the first answers about listeners and clusters, so these must be complete. */
function isTooEarly(state: ProxyState, wanted: Wanted, { type, resources }: Batch): boolean {
  const isFirst = wildcardTypes.has(type) && ofType(state, type).isFresh;
  return isFirst && resources.length < (wanted.get(type)?.size ?? 0);
}

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
  for (const name of names) typeState.questions.delete(name);
  const present = currentVersion(entry);
  // A virtual host without a body would leave the present body in force.
  if (target.resource === undefined && present !== undefined && present !== withoutBody)
    batch.removed.push(target.name);
  batch.resources.push(target);
  if (batch.type === typeUrls.cluster) rewarmEndpoints(state, target, entry);
}

/** What to send of it: a version that the proxy refused is not sent again, its last good form stays. */
function targetOf(want: Want, entry: Entry | undefined): Want | undefined {
  if (entry?.refused?.version !== want.version) return want;
  const { held } = entry;
  const nothing = { ...want, version: withoutBody, resource: undefined };
  if (held === undefined || held.version === withoutBody)
    return want.type === typeUrls.virtualHost ? nothing : undefined;
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
  delete entry.waiting;
  entry.late = { version: target.version, missing };
  return true;
}

/** Envoy warms a changed cluster anew and waits for endpoints, but asks only for those that it never asked for. */
function rewarmEndpoints(state: ProxyState, target: Want, entry: Entry | undefined): void {
  if (currentVersion(entry) === undefined) return;
  const { asked, questions } = ofType(state, typeUrls.endpoints);
  for (const need of target.resource?.needs ?? []) {
    if (need.type === typeUrls.endpoints && asked.has(need.name)) questions.set(need.name, "always");
  }
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
  for (const name of [...questions.keys()]) {
    if (waiting.has(name)) continue;
    questions.delete(name);
    if (batch.type === typeUrls.virtualHost) {
      batch.resources.push({ name, version: withoutBody, aliases: [name], resource: undefined });
    } else if (entries.get(name)?.held === undefined) batch.removed.push(name);
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

/** Cut a batch into messages: one virtual host each, because one that Envoy refuses spoils all of its response. */
function* messagesOf(state: ProxyState, wanted: Wanted, { type, resources, removed }: Batch): Generator<DeltaMessage> {
  const { entries } = ofType(state, type);
  const single = (item: DeltaResource): boolean =>
    type === typeUrls.virtualHost || entries.get(item.name)?.alone === true;
  const together = resources.filter((item) => !single(item));
  const isGreeting = wildcardTypes.has(type) && ofType(state, type).isFresh;
  ofType(state, type).isFresh = false;
  if (together.length + removed.length > 0 || isGreeting) {
    let part: DeltaResource[] = [];
    let partBytes = 0;
    for (const item of together) {
      const itemBytes = sizeInMessage(item);
      if (part.length > 0 && partBytes + itemBytes > maximumMessageBytes) {
        yield send(state, wanted, { type, resources: part, removed: [] });
        part = [];
        partBytes = 0;
      }
      part.push(item);
      partBytes += itemBytes;
    }
    yield send(state, wanted, { type, resources: part, removed });
  }
  for (const item of resources) if (single(item)) yield send(state, wanted, { type, resources: [item], removed: [] });
}

/** Number a message and note what is under way. */
function send(state: ProxyState, wanted: Wanted, { type, resources, removed }: Batch): DeltaMessage {
  state.lastNonce += 1;
  const nonce = String(state.lastNonce);
  const { entries } = ofType(state, type);
  const items: SentMessage["items"][number][] = [];
  for (const name of removed) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    entry.sent = { nonce, version: undefined };
    items.push({ name, version: undefined, resource: undefined });
  }
  for (const { name, version, resource } of resources) {
    if (!wanted.get(type)?.has(name)) continue; // The answer to a question above the limit is not remembered.
    entryOf(ofType(state, type), name).sent = { nonce, version };
    items.push({ name, version, resource });
  }
  state.inFlight.set(nonce, { type, items });
  return { type, nonce, resources, removed };
}
