// A pod (later also a WorkloadEntry) as the mesh sees it.
import type { ProbeTable } from "./sidecar.ts";

export interface Workload {
  /** The pod's name. */
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** `spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/SERVICE_ACCOUNT`. */
  readonly identity: string;
  /** A proxy was injected: it takes mutual TLS. */
  readonly hasSidecar: boolean;
  /** Ready, and not on its way out. */
  readonly serving: boolean;
  /** Its deletion was asked for. */
  readonly terminating: boolean;
  /** Its addresses are the node's. */
  readonly hostNetwork: boolean;
  /** What it belongs to, for names and for what siblings learned: "Deployment/reviews-v1", or "Pod/NAME". */
  readonly owner: string;
  /** Declared container ports, sidecar's own left out. */
  readonly ports: readonly {
    readonly name: string;
    readonly number: number;
    readonly protocol: "TCP" | "UDP" | "SCTP";
  }[];
  /** The application's own probes, by the path that the kubelet asks instead. */
  readonly probes: ProbeTable;
  /** "region/zone/subzone". */
  readonly locality: string;
}
