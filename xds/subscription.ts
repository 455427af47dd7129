// How a request changes what is known about a proxy: its questions, and its verdicts on what it was sent.
import { type EncodedResource, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { DeltaRequest } from "./delta-request.ts";
import { entryOf, ofType, type ProxyState, routeOf, type SentMessage, withoutBody } from "./proxy-state.ts";

/** More names than any workload calls; the questions of one that scans are answered, but not remembered. */
export const maximumAskedNames = 10_000;

/** What a request brought about, for logs, metrics and what siblings learn. */
export interface Verdict {
  readonly type: TypeUrl;
  readonly acknowledged: readonly string[];
  readonly refused: readonly { readonly name: string; readonly resource: EncodedResource | undefined }[];
  readonly reason: string | undefined;
}

/** Take in one request. */
export function applyRequest(state: ProxyState, type: TypeUrl, request: DeltaRequest): Verdict {
  const typeState = ofType(state, type);
  const first = !typeState.subscribed;
  typeState.subscribed = true;
  if (first) adoptHeld(state, type, request.initialVersions);
  for (const name of request.unsubscribe) forget(state, type, name);
  // Envoy speaks of clusters first, but not while one of them is warming: then it misses endpoints that an earlier stream
  // was cut off before it sent, and claims to hold those of the cluster's earlier form.
  const isWarming = type === typeUrls.endpoints && !ofType(state, typeUrls.cluster).subscribed;
  for (const name of request.subscribe) {
    // Wildcard types get what they should have anyway, and a virtual host of that name does not exist.
    if (name === "*") continue;
    if (typeState.asked.size < maximumAskedNames) typeState.asked.add(name);
    // A question may be there already: its cluster was changed before the proxy came to speak of endpoints.
    if (!first || isWarming || typeState.questions.has(name)) typeState.questions.set(name, "always");
    else typeState.questions.set(name, "unless-held");
  }
  if (first) {
    const named = new Set(request.subscribe);
    for (const name of typeState.questions.keys()) if (!named.has(name)) typeState.questions.delete(name);
  }
  const message = state.inFlight.get(request.nonce);
  if (message === undefined) return { type, acknowledged: [], refused: [], reason: undefined };
  state.inFlight.delete(request.nonce);
  return request.refusal === undefined
    ? acknowledge(state, request.nonce, message)
    : refuse(state, request.nonce, message, request.refusal);
}

/** After a reconnect the proxy's word is the truth. */
function adoptHeld(state: ProxyState, type: TypeUrl, versions: ReadonlyMap<string, string>): void {
  if (versions.size > 0) ofType(state, type).isFresh = false;
  for (const [name, version] of versions) {
    entryOf(ofType(state, type), name).held = { version, resource: undefined };
    // Which alias it was asked by is told too, but hosts that were pushed unasked must stay as well.
    if (type === typeUrls.virtualHost && version !== withoutBody) state.learned.virtualHosts.add(name);
  }
}

function forget(state: ProxyState, type: TypeUrl, name: string): void {
  const typeState = ofType(state, type);
  typeState.asked.delete(name);
  typeState.questions.delete(name);
  // Wildcard resources stay with the proxy; of the others it keeps nothing that it does not ask for.
  if (type === typeUrls.endpoints || type === typeUrls.route || type === typeUrls.secret)
    typeState.entries.delete(name);
  if (type !== typeUrls.route) return;
  const hosts = ofType(state, typeUrls.virtualHost);
  for (const names of [hosts.asked, hosts.questions, hosts.entries]) {
    for (const host of names.keys()) if (routeOf(host) === name) names.delete(host);
  }
}

function acknowledge(state: ProxyState, nonce: string, message: SentMessage): Verdict {
  const { entries } = ofType(state, message.type);
  for (const { name, version, resource } of message.items) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    if (entry.sent?.nonce === nonce) delete entry.sent;
    delete entry.alone;
    if (version === undefined) delete entry.held;
    else entry.held = { version, resource };
    if (version === undefined && entry.sent === undefined) entries.delete(name);
  }
  return { type: message.type, acknowledged: message.items.map(({ name }) => name), refused: [], reason: undefined };
}

function refuse(state: ProxyState, nonce: string, message: SentMessage, reason: string): Verdict {
  const { entries } = ofType(state, message.type);
  const alone = message.items.length === 1;
  for (const { name, version } of message.items) {
    const entry = entries.get(name);
    if (entry === undefined) continue;
    if (entry.sent?.nonce === nonce) delete entry.sent;
    // Nothing can be refused about a removal but its company.
    if (version === undefined) entries.delete(name);
    else if (alone) entry.refused = { version, reason };
    else entry.alone = true;
  }
  const refused = message.items.map(({ name, resource }) => ({ name, resource }));
  return { type: message.type, acknowledged: [], refused, reason };
}
