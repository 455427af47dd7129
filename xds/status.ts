// What a person may know about one proxy: whether it has what it should, and if not, why.
import type { ObjectRef } from "../base/object-ref.ts";
import { type ProxyNode, type ResourceName, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { TypeSync } from "./activity.ts";
import type { ProxyFacts } from "./delta-request.ts";
import { missingNeeds } from "./gate.ts";
import { currentVersion, type ProxyState, withoutBody } from "./proxy-state.ts";
import type { Wanted } from "./wanted.ts";

export interface ProxyStatus {
  readonly proxy: ProxyNode;
  /** SPIFFE ID. */
  readonly identity: string;
  /** Whose siblings it shares learned hosts with. */
  readonly workload: string;
  /** What it says about itself. */
  readonly facts: ProxyFacts;
  /** For how long its stream has been open. */
  readonly connectedMs: number;
  /** For how long it was sent nothing; undefined when it never was. */
  readonly quietMs: number | undefined;
  /** Where each type stands. */
  readonly types: ReadonlyMap<TypeUrl, TypeSync>;
  /** Nothing is under way and nothing waits. */
  readonly synced: boolean;
  /** How many resources of each type it holds; answers without a body are not counted. */
  readonly held: ReadonlyMap<TypeUrl, number>;
  /** Names of the virtual hosts among them. */
  readonly hosts: readonly string[];
  /** How many names it asked for. */
  readonly asked: number;
  /** Hosts and clusters that it got because a sibling uses them. */
  readonly learned: number;
  /** Its workload uses so many hosts that no more are remembered. */
  readonly learnedIsFull: boolean;
  /** What it refused in the form that it should have; the last good form is in force. */
  readonly refused: readonly (ResourceName & { readonly reason: string; readonly provenance: readonly ObjectRef[] })[];
  /** What was sent although these needs had not been acknowledged in time, and still are not. */
  readonly late: readonly (ResourceName & { readonly missing: readonly ResourceName[] })[];
  /** What waits for its needs. */
  readonly waiting: readonly ResourceName[];
  /** What was sent, or taken away, and not answered yet. */
  readonly unacknowledged: readonly ResourceName[];
}

/** The part of the status that follows from the state alone. */
export type StateStatus = Pick<
  ProxyStatus,
  "synced" | "held" | "hosts" | "asked" | "learned" | "refused" | "late" | "waiting" | "unacknowledged"
>;

/** What the state of a proxy says to a person. */
export function statusOf(state: ProxyState, wanted: Wanted): StateStatus {
  const held = new Map<TypeUrl, number>();
  const refused: ProxyStatus["refused"][number][] = [];
  const late: ProxyStatus["late"][number][] = [];
  const waiting: ResourceName[] = [];
  const hosts: string[] = [];
  let asked = 0;
  for (const [type, typeState] of state.types) {
    asked += typeState.asked.size;
    let count = 0;
    for (const [name, entry] of typeState.entries) {
      if (entry.held !== undefined && entry.held.version !== withoutBody) {
        count += 1;
        if (type === typeUrls.virtualHost) hosts.push(name);
      }
      if (entry.waiting !== undefined) waiting.push({ type, name });
      const want = wanted.get(type)?.get(name);
      if (want === undefined) continue;
      if (entry.refused?.version === want.version) {
        refused.push({ type, name, reason: entry.refused.reason, provenance: want.resource?.provenance ?? [] });
      }
      if (entry.late === undefined || entry.late.version !== currentVersion(entry)) continue;
      if (want.resource === undefined) continue;
      const missing = missingNeeds(state, wanted, want.resource);
      if (missing.length > 0) late.push({ type, name, missing });
    }
    held.set(type, count);
  }
  return {
    synced: state.inFlight.size === 0 && waiting.length === 0,
    held,
    hosts,
    asked,
    learned: state.learned.virtualHosts.size + state.learned.clusters.size,
    refused,
    late,
    waiting,
    unacknowledged: [...state.inFlight.values()].flatMap(({ type, items }) =>
      items.map(({ name }) => ({ type, name })),
    ),
  };
}
