// Who asks: the proxy with its pod, as far as translation depends on it.
import { memoize } from "../base/memo.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Workload } from "../model/workload.ts";
import type { ProxyNode } from "./resource.ts";

export interface ProxyContext {
  readonly snapshot: Snapshot;
  readonly type: ProxyNode["type"];
  /** The pod; it is the viewpoint of visibility and of source labels too. */
  readonly workload: Workload;
  readonly address: string;
  /** Its pod has an IPv6 address, so listeners and bound sockets need the second family. */
  readonly ipv6: boolean;
}

/** The context of a connected proxy; undefined as long as nobody told us of its pod: then it gets nothing. */
export function contextOf(snapshot: Snapshot, proxy: ProxyNode): ProxyContext | undefined {
  return contextAt(snapshot, proxy.type, `${proxy.namespace}/${proxy.pod}`, proxy.address);
}

const contextAt = memoize(
  (snapshot: Snapshot, type: ProxyNode["type"], pod: string, address: string): ProxyContext | undefined => {
    const workload = snapshot.workloads.get(pod);
    if (workload === undefined) return undefined;
    const ipv6 = [address, ...workload.addresses].some((one) => one.includes(":"));
    return { snapshot, type, workload, address: address === "" ? (workload.addresses[0] ?? "") : address, ipv6 };
  },
);
