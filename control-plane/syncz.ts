// What /debug/syncz says: how each connected proxy fares. Only that: no configuration, no keys, nothing of their identity.
import { refText } from "../base/object-ref.ts";
import { type ResourceName, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { SyncState } from "../xds/activity.ts";
import type { ProxyStatus } from "../xds/status.ts";

/** Short names of the types, as people know them from Istio, in the order of its table. Nothing is sent as ECDS. */
export const syncTypes = ["CDS", "LDS", "EDS", "RDS", "VHDS", "SDS", "ECDS"] as const;
export type SyncType = (typeof syncTypes)[number];

export interface SynczType {
  readonly status: SyncState;
  /** For how long it has been so; left out for NOT SENT. */
  readonly ageSeconds?: number;
  /** How many of them the proxy holds. */
  readonly resources: number;
}

/** What Envoy refused; its last good form is in force. */
export interface SynczError {
  readonly type: SyncType;
  readonly resource: string;
  /** Envoy's words. */
  readonly message: string;
  /** What it was made from: "VirtualService shop/reviews". */
  readonly objects: readonly string[];
}

export interface SynczProxy {
  /** "POD.NAMESPACE". */
  readonly name: string;
  /** The cluster's name in the mesh. */
  readonly cluster: string;
  readonly type: "sidecar" | "gateway";
  /** That it was injected by. */
  readonly revision: string;
  readonly envoyVersion: string;
  readonly connectedSeconds: number;
  /** Left out when nothing was sent. */
  readonly lastSentSeconds?: number;
  readonly types: Readonly<Record<SyncType, SynczType>>;
  /**
   * Hosts that it holds; names of hosts and TCP destinations that it had from the start, because a sibling or an earlier stream
   * used them; and whether its workload uses so many that no more are remembered.
   */
  readonly hosts: { readonly held: number; readonly learned: number; readonly full: boolean };
  readonly errors: readonly SynczError[];
  /** Only where one proxy was asked for. */
  readonly detail?: SynczDetail;
}

/** Names are "TYPE NAME" where the type is not plain. */
export interface SynczDetail {
  /** Virtual hosts that it holds. */
  readonly hosts: readonly string[];
  readonly unacknowledged: readonly string[];
  /** What is not sent yet, because what it needs is not acknowledged. */
  readonly waiting: readonly string[];
  /** What was sent although what it needs was not acknowledged in time. */
  readonly late: readonly string[];
}

export interface Syncz {
  /** Tells this answer from that of another mesh. */
  readonly controlPlane: "pillion";
  readonly revision: string;
  readonly proxies: readonly SynczProxy[];
}

/** Looking at thousands of proxies takes a while, and anybody may ask: the answer is kept for so long. */
const keptMs = 1_000;
/** Refusals of one proxy, and names of one list. The first tell what is wrong. */
const maximumErrors = 20;
const maximumNames = 500;
/** Envoy may quote all of what it refuses. */
const maximumMessageLength = 1_000;

/** Answers of /debug/syncz, for all proxies or one; undefined while `proxies` gives none. */
export function createSyncz(deps: {
  readonly proxies: () => readonly ProxyStatus[] | undefined;
  /** Of this control plane. */
  readonly revision: string;
  /** Milliseconds. */
  readonly now: () => number;
}): (proxy: string | undefined) => Syncz | undefined {
  let kept: { readonly atMs: number; readonly all: readonly ProxyStatus[] } | undefined;
  return (proxy) => {
    const now = deps.now();
    if (kept === undefined || now - kept.atMs >= keptMs) {
      const all = deps.proxies();
      kept = all && { atMs: now, all };
    }
    if (kept === undefined) return undefined;
    const chosen = proxy === undefined ? kept.all : kept.all.filter((one) => proxyName(one) === proxy);
    const proxies = chosen.map((one) => synczProxy(one, proxy !== undefined));
    return { controlPlane: "pillion", revision: deps.revision, proxies };
  };
}

const proxyName = ({ proxy }: ProxyStatus): string => `${proxy.pod}.${proxy.namespace}`;
const seconds = (ms: number): number => Math.floor(ms / 1_000);

const shortNames: Readonly<Record<TypeUrl, SyncType>> = {
  [typeUrls.cluster]: "CDS",
  [typeUrls.listener]: "LDS",
  [typeUrls.endpoints]: "EDS",
  [typeUrls.route]: "RDS",
  [typeUrls.virtualHost]: "VHDS",
  [typeUrls.secret]: "SDS",
};

/** One proxy as JSON. */
export function synczProxy(status: ProxyStatus, withDetail: boolean): SynczProxy {
  const { proxy, facts, connectedMs, quietMs, hosts, learned, learnedIsFull } = status;
  return {
    name: proxyName(status),
    cluster: facts.cluster,
    type: proxy.type,
    revision: facts.revision,
    envoyVersion: facts.envoyVersion,
    connectedSeconds: seconds(connectedMs),
    ...(quietMs === undefined ? {} : { lastSentSeconds: seconds(quietMs) }),
    types: {
      CDS: synczType(status, typeUrls.cluster),
      LDS: synczType(status, typeUrls.listener),
      EDS: synczType(status, typeUrls.endpoints),
      RDS: synczType(status, typeUrls.route),
      VHDS: synczType(status, typeUrls.virtualHost),
      SDS: synczType(status, typeUrls.secret),
      ECDS: { status: "NOT SENT", resources: 0 },
    },
    hosts: { held: hosts.length, learned, full: learnedIsFull },
    errors: status.refused.slice(0, maximumErrors).map(({ type, name, reason, provenance }) => ({
      type: shortNames[type],
      resource: name,
      message: reason.slice(0, maximumMessageLength),
      objects: provenance.map(refText),
    })),
    ...(withDetail ? { detail: detailOf(status) } : {}),
  };
}

function synczType({ types, held }: ProxyStatus, type: TypeUrl): SynczType {
  const sync = types.get(type);
  const age = sync?.ageMs === undefined ? {} : { ageSeconds: seconds(sync.ageMs) };
  return { status: sync?.state ?? "NOT SENT", ...age, resources: held.get(type) ?? 0 };
}

function detailOf({ hosts, unacknowledged, waiting, late }: ProxyStatus): SynczDetail {
  const names = (list: readonly ResourceName[]): readonly string[] => list.slice(0, maximumNames).map(typedName);
  return {
    hosts: hosts.slice(0, maximumNames),
    unacknowledged: names(unacknowledged),
    waiting: names(waiting),
    late: late
      .slice(0, maximumNames)
      .map((one) => `${typedName(one)}, without ${one.missing.map(typedName).join(", ")}`),
  };
}

const typedName = ({ type, name }: ResourceName): string => `${shortNames[type]} ${name}`;
