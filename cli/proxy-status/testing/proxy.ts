// A proxy for tests, in the form in which it is told of.
import type { SyncType, SynczType } from "../../../control-plane/syncz.ts";
import type { ConnectedProxy } from "../replicas.ts";

const nothing: SynczType = { status: "NOT SENT", resources: 0 };

/** A sidecar with everything in order but what is given. */
export function proxyWith(
  types: Partial<Record<SyncType, SynczType>>,
  more: Partial<ConnectedProxy> = {},
): ConnectedProxy {
  return {
    name: "web-1.shop",
    cluster: "Kubernetes",
    type: "sidecar",
    revision: "default",
    envoyVersion: "1.40.0",
    istiod: "istiod-1",
    connectedSeconds: 200,
    lastSentSeconds: 12,
    types: {
      ...{ CDS: nothing, LDS: nothing, EDS: nothing, RDS: nothing, VHDS: nothing, SDS: nothing, ECDS: nothing },
      ...types,
    },
    hosts: { held: 2, learned: 1, full: false },
    errors: [],
    ...more,
  };
}

/** A type in that state for so long. */
export const typeIn = (status: SynczType["status"], ageSeconds: number): SynczType => ({
  status,
  ageSeconds,
  resources: 1,
});
