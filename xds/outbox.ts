// From what is due to messages: how many resources share one, and what is noted when one is sent.
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";
import { type DeltaMessage, type DeltaResource, sizeInMessage } from "./delta-response.ts";
import { currentVersion, type Entry, entryOf, ofType, type ProxyState, type SentMessage } from "./proxy-state.ts";
import { type Wanted, wildcardTypes } from "./wanted.ts";

/** A response that would grow above this is split; every part is acknowledged by itself. */
export const maximumMessageBytes = 4 * 1024 * 1024;

/** What is due of one type. */
export interface Batch {
  readonly type: TypeUrl;
  readonly resources: DeltaResource[];
  readonly removed: string[];
}

/** Cut a batch into messages. Each counts as sent when it is taken. */
export function* messagesOf(state: ProxyState, wanted: Wanted, batch: Batch): Generator<DeltaMessage> {
  const { type, resources, removed } = batch;
  const typeState = ofType(state, type);
  const alone = new Set(resources.filter((item) => goesAlone(type, item, typeState.entries.get(item.name))));
  const together = resources.filter((item) => !alone.has(item));
  const isGreeting = wildcardTypes.has(type) && typeState.isFresh;
  typeState.isFresh = false;
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
  for (const item of alone) yield send(state, wanted, { type, resources: [item], removed: [] });
}

/**
 * One virtual host that Envoy refuses spoils its whole response. Only hosts that nobody waits for share one: those that a
 * new proxy is to have before it is ready. If it is refused, they come one by one.
 */
function goesAlone(type: TypeUrl, item: DeltaResource, entry: Entry | undefined): boolean {
  if (entry?.alone === true) return true;
  return type === typeUrls.virtualHost && (item.aliases.length > 0 || currentVersion(entry) !== undefined);
}

/** Number a message and note what is under way. */
function send(state: ProxyState, wanted: Wanted, { type, resources, removed }: Batch): DeltaMessage {
  state.lastNonce += 1;
  const nonce = String(state.lastNonce);
  const typeState = ofType(state, type);
  const items: SentMessage["items"][number][] = [];
  for (const name of removed) {
    typeState.questions.delete(name);
    const entry = typeState.entries.get(name);
    if (entry === undefined) continue;
    entry.sent = { nonce, version: undefined };
    items.push({ name, version: undefined, resource: undefined });
  }
  for (const item of resources) {
    for (const name of [item.name, ...item.aliases]) typeState.questions.delete(name);
    if (!wanted.get(type)?.has(item.name)) continue; // The answer to a question above the limit is not remembered.
    const entry = entryOf(typeState, item.name);
    if (type === typeUrls.cluster && currentVersion(entry) !== undefined) rewarmEndpoints(state, item);
    delete entry.waiting;
    entry.sent = { nonce, version: item.version };
    items.push({ name: item.name, version: item.version, resource: item.resource });
  }
  state.inFlight.set(nonce, { type, items });
  return { type, nonce, resources, removed };
}

/** Envoy warms a changed cluster anew and waits for endpoints, but asks only for those that it never asked for. */
function rewarmEndpoints(state: ProxyState, { resource }: DeltaResource): void {
  const { subscribed, asked, questions } = ofType(state, typeUrls.endpoints);
  for (const { type, name } of resource?.needs ?? []) {
    // After a reconnect it may be about to say that it holds them.
    if (type === typeUrls.endpoints && (asked.has(name) || !subscribed)) questions.set(name, "always");
  }
}
