// When a proxy was sent something of each type, and since when it has answered all of it: the ages that people read.
import type { TypeUrl } from "../envoy/resource.ts";
import { ofType, type ProxyState } from "./proxy-state.ts";

/** Milliseconds of the session's clock. */
interface TypeActivity {
  readonly sentAtMs: number | undefined;
  /** Since when something is under way. */
  readonly openSinceMs: number | undefined;
  /** When the last of what was sent was answered, or the proxy told what it holds from an earlier stream. */
  readonly settledAtMs: number | undefined;
}

/** By type; nothing for a type that has not been spoken of. */
export type Activity = Map<TypeUrl, TypeActivity>;

/** What a person wants to know of a type first. ERROR: Envoy refuses what it should have, and its last good form stays. */
export type SyncState = "SYNCED" | "STALE" | "NOT SENT" | "ERROR";

export interface TypeSync {
  readonly state: SyncState;
  /** For how long it has been so; undefined for NOT SENT. */
  readonly ageMs: number | undefined;
}

const none: TypeActivity = { sentAtMs: undefined, openSinceMs: undefined, settledAtMs: undefined };

/** A message of this type was written. */
export function noteSent(activity: Activity, type: TypeUrl, nowMs: number): void {
  const known = activity.get(type) ?? none;
  activity.set(type, { ...known, sentAtMs: nowMs, openSinceMs: known.openSinceMs ?? nowMs });
}

/** The proxy has said something about this type, and `state` knows it already. */
export function noteHeard(activity: Activity, state: ProxyState, type: TypeUrl, nowMs: number): void {
  if (isOpen(state, type)) return;
  const known = activity.get(type) ?? none;
  const hasAnswered = known.openSinceMs !== undefined;
  const bringsSome = known.settledAtMs === undefined && ofType(state, type).entries.size > 0;
  if (hasAnswered || bringsSome) activity.set(type, { ...known, openSinceMs: undefined, settledAtMs: nowMs });
}

/** Where a type stands; `isRefused`: something of it is refused in the form that it should have. */
export function syncOf(activity: Activity, type: TypeUrl, isRefused: boolean, nowMs: number): TypeSync {
  const { openSinceMs, settledAtMs } = activity.get(type) ?? none;
  const since = (state: SyncState, sinceMs: number | undefined): TypeSync => ({
    state,
    ageMs: sinceMs === undefined ? undefined : Math.max(0, nowMs - sinceMs),
  });
  if (isRefused) return since("ERROR", settledAtMs ?? openSinceMs);
  if (openSinceMs !== undefined) return since("STALE", openSinceMs);
  return settledAtMs === undefined ? since("NOT SENT", undefined) : since("SYNCED", settledAtMs);
}

/** For how long nothing was sent; undefined when nothing ever was. */
export function quietMs(activity: Activity, nowMs: number): number | undefined {
  const sent = [...activity.values()].flatMap(({ sentAtMs }) => (sentAtMs === undefined ? [] : [sentAtMs]));
  return sent.length === 0 ? undefined : Math.max(0, nowMs - Math.max(...sent));
}

/** Usually the oldest message answers it: thousands may be under way, and this is asked for each of them. */
function isOpen(state: ProxyState, type: TypeUrl): boolean {
  for (const message of state.inFlight.values()) if (message.type === type) return true;
  return false;
}
