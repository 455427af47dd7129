// What is known about one connected proxy: what it asked for, what it holds, what is under way. Plain data.
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "../envoy/resource.ts";

/** The version of a resource without a body. */
export const withoutBody = "-";

/** A resource in the proxy's hands, or on its way there. */
export interface Entry {
  /** Acknowledged; `resource` is unknown when an earlier stream sent it. */
  held?: { readonly version: string; readonly resource: EncodedResource | undefined };
  /** Sent last and not acknowledged yet; no version: its removal. */
  sent?: { readonly nonce: string; readonly version: string | undefined };
  /** Refused by the proxy, and not sent again. */
  refused?: { readonly version: string; readonly reason: string };
  /** Since when this version waits for its needs. */
  waiting?: { readonly version: string; readonly sinceMs: number };
  /** Sent although these needs were not acknowledged in time. */
  late?: { readonly version: string; readonly missing: readonly ResourceName[] };
  /** It was refused in company: send it alone, to learn which of them was meant. */
  alone?: true;
}

/**
 * How a question must be answered. `always`: it was asked just now.
 * `unless-held`: it was asked on an earlier stream, so what the proxy holds in the right version is an answer.
 */
export type Question = "always" | "unless-held";

export interface TypeState {
  /** The proxy spoke about this type, so it may be sent. */
  subscribed: boolean;
  /** It holds nothing of this type and was sent nothing yet: Envoy does not start before it was told at least "nothing". */
  isFresh: boolean;
  /** Names as asked, "*" left out. */
  readonly asked: Set<string>;
  /** Names as asked that were not answered yet. */
  readonly questions: Map<string, Question>;
  readonly entries: Map<string, Entry>;
}

/** A response that is not acknowledged yet. */
export interface SentMessage {
  readonly type: TypeUrl;
  readonly items: readonly {
    readonly name: string;
    /** Undefined: a removal. */
    readonly version: string | undefined;
    readonly resource: EncodedResource | undefined;
  }[];
}

/** Names that the proxy never asked for on this stream, and gets all the same: siblings of its workload, or itself earlier, used them. */
export interface LearnedNames {
  readonly virtualHosts: Set<string>;
  readonly clusters: Set<string>;
}

export interface ProxyState {
  readonly types: ReadonlyMap<TypeUrl, TypeState>;
  /** By nonce, oldest first. */
  readonly inFlight: Map<string, SentMessage>;
  readonly learned: LearnedNames;
  lastNonce: number;
  /** Until then a proxy that reconnects has not yet told of everything that it holds, so no cluster is taken from it. */
  readonly completeAtMs: number;
  /** When something that waits for its needs stops waiting. */
  wakeAtMs: number | undefined;
}

/** Envoy sends the first requests of all types in a row; this is long enough for a slow one. */
const completeAfterMs = 2_000;

/** A proxy that has connected just now. */
export function newProxyState(
  learned: { readonly virtualHosts: Iterable<string>; readonly clusters: Iterable<string> },
  nowMs: number,
): ProxyState {
  const emptyType = (): TypeState => ({
    subscribed: false,
    isFresh: true,
    asked: new Set(),
    questions: new Map(),
    entries: new Map(),
  });
  return {
    types: new Map(Object.values(typeUrls).map((type) => [type, emptyType()])),
    inFlight: new Map(),
    learned: { virtualHosts: new Set(learned.virtualHosts), clusters: new Set(learned.clusters) },
    lastNonce: 0,
    completeAtMs: nowMs + completeAfterMs,
    wakeAtMs: undefined,
  };
}

/** The state of one type. */
export function ofType(state: ProxyState, type: TypeUrl): TypeState {
  const found = state.types.get(type);
  if (found === undefined) throw new Error(`Bug in Pillion: ${type} is a type without state.`);
  return found;
}

/** The entry of that name, made if there is none. */
export function entryOf(typeState: TypeState, name: string): Entry {
  const known = typeState.entries.get(name);
  if (known !== undefined) return known;
  const entry: Entry = {};
  typeState.entries.set(name, entry);
  return entry;
}

/** The version that the proxy has, or will have when it acknowledges what is under way. */
export function currentVersion(entry: Entry | undefined): string | undefined {
  return entry?.sent === undefined ? entry?.held?.version : entry.sent.version;
}

/** "9080" of "9080/reviews.shop.svc.cluster.local": a virtual host's route configuration. */
export function routeOf(virtualHost: string): string {
  return virtualHost.slice(0, Math.max(0, virtualHost.indexOf("/")));
}
