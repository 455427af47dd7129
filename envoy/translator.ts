// The door of this room: what xds/ asks of a snapshot on behalf of a proxy. Everything behind it is pure.
import type { Snapshot } from "../model/snapshot.ts";
import type { EncodedResource, ProxyNode, ResourceName, TypeUrl } from "./resource.ts";

/** @see translator in translate.ts for the one real implementation */
export interface Translator {
  /** Whether the snapshot holds the proxy's pod. Of one that it does not hold nothing can be said. */
  knows(snapshot: Snapshot, proxy: ProxyNode): boolean;
  /** What the proxy gets unasked: listeners, its own inbound side, hosts of ServiceEntries; for a gateway all of it. */
  eager(snapshot: Snapshot, proxy: ProxyNode): readonly ResourceName[];
  /**
   * The resource of that name as this proxy should hold it now; undefined: there is no such thing (any more).
   * Secrets are not made here.
   * Asking again with the same inputs gives the identical object.
   */
  resource(snapshot: Snapshot, proxy: ProxyNode, type: TypeUrl, name: string): EncodedResource | undefined;
  /**
   * The one name under which a virtual host that a proxy asks for by `ROUTE_CONFIGURATION/AUTHORITY` is known:
   * "9080/reviews:9080" and "9080/reviews.shop" both give "9080/reviews.shop.svc.cluster.local".
   */
  virtualHostName(snapshot: Snapshot, proxy: ProxyNode, asked: string): string;
  /** Every virtual host that a sidecar could ask for by the name of a service: the full table. */
  everyHost(snapshot: Snapshot, proxy: ProxyNode): readonly ResourceName[];
}
