// Who asks: the proxy with its pod, as far as translation depends on it, and the parts of the snapshot that an answer is made from.
import { memoize } from "../base/memo.ts";
import { partsOf } from "../model/parts.ts";
import type { RouteParts, Snapshot, TargetParts } from "../model/snapshot.ts";
import type { Workload } from "../model/workload.ts";
import type { ProxyNode } from "./resource.ts";

export interface ProxyContext<P = Snapshot> {
  readonly snapshot: P;
  readonly type: ProxyNode["type"];
  /** The pod; it is the viewpoint of visibility and of source labels too. */
  readonly workload: Workload;
  readonly address: string;
  /** Its pod has an IPv6 address, so listeners and bound sockets need the second family. */
  readonly ipv6: boolean;
}

/** What outbound listeners and their routes are made from. */
export type OutboundContext = ProxyContext<RouteParts & Pick<Snapshot, "publicPorts" | "portsByNamespace">>;
/** What virtual hosts are made from. */
export type HostContext = ProxyContext<RouteParts & Pick<Snapshot, "workloadsByAddress">>;
/** What clusters of services and their endpoints are made from. */
export type TargetContext = ProxyContext<TargetParts & EndpointParts>;
export type EndpointParts = Pick<Snapshot, "services" | "endpoints" | "rivalEndpoints">;
/** What the side of a proxy that takes calls is made from. */
export type InboundContext = ProxyContext<Pick<Snapshot, "mesh" | "peerAuthentications" | "servicesOfWorkload">>;

/** The context of a connected proxy; undefined as long as nobody told us of its pod: then it gets nothing. */
export function contextOf(snapshot: Snapshot, proxy: ProxyNode): ProxyContext | undefined {
  const workload = snapshot.workloads.get(`${proxy.namespace}/${proxy.pod}`);
  return workload && contextAt(snapshot, workload, proxy.type, proxy.address);
}

const contextAt = memoize(
  (snapshot: Snapshot, workload: Workload, type: ProxyNode["type"], address: string): ProxyContext => {
    const ipv6 = [address, ...workload.addresses].some((one) => one.includes(":"));
    return { snapshot, type, workload, address: address === "" ? (workload.addresses[0] ?? "") : address, ipv6 };
  },
);

const services = ["mesh", "services", "rivals", "servicesByAddress", "destinationRules"] as const;

export const outboundContext: (context: ProxyContext) => OutboundContext = narrowed(
  ...services,
  "publicPorts",
  "portsByNamespace",
  "virtualServices",
);
export const hostContext: (context: ProxyContext) => HostContext = narrowed(
  ...services,
  "virtualServices",
  "workloadsByAddress",
);
export const targetContext: (context: ProxyContext) => TargetContext = narrowed(
  ...services,
  "endpoints",
  "rivalEndpoints",
);
export const inboundContext: (context: ProxyContext) => InboundContext = narrowed(
  "mesh",
  "peerAuthentications",
  "servicesOfWorkload",
);

/** The context with these parts of its snapshot only: the same one until one of them changes. */
function narrowed<K extends keyof Snapshot>(
  first: K,
  ...rest: readonly K[]
): (context: ProxyContext) => ProxyContext<Pick<Snapshot, K>> {
  const parts = partsOf(first, ...rest);
  const contextWith = memoize(
    (snapshot: Pick<Snapshot, K>, workload: Workload, type: ProxyNode["type"], address: string, ipv6: boolean) => ({
      snapshot,
      workload,
      type,
      address,
      ipv6,
    }),
  );
  return memoize(({ snapshot, workload, type, address, ipv6 }: ProxyContext) =>
    contextWith(parts(snapshot), workload, type, address, ipv6),
  );
}
