// What the world means: hosts, services, workloads, rules, ready to be asked. Pure data; unchanged parts keep their identity.
import type { DestinationRule } from "../api/destination-rule.ts";
import type { Gateway } from "../api/gateway.ts";
import type { PeerAuthentication } from "../api/peer-authentication.ts";
import type { VirtualService } from "../api/virtual-service.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import type { Endpoint, Hostname, MeshService } from "./service.ts";
import type { Workload } from "./workload.ts";

/** Mesh-wide settings that translation reads. The same object as long as nothing in it changed. */
export interface MeshSettings {
  /** "cluster.local" unless said otherwise. */
  readonly clusterDomain: string;
  readonly trustDomain: string;
  readonly rootNamespace: string;
  readonly config: MeshConfig;
  /** CIDRs that hold Service addresses. */
  readonly servicePrefixes: readonly string[];
  /** CIDRs that hold pod addresses. */
  readonly podPrefixes: readonly string[];
}

export interface Snapshot {
  readonly mesh: MeshSettings;
  /** Every visible service by hostname; where several claim a host, a Kubernetes Service wins, then the older. */
  readonly services: ReadonlyMap<Hostname, MeshService>;
  /** By virtual IP address. */
  readonly servicesByAddress: ReadonlyMap<string, MeshService>;
  /** By "namespace/pod". */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly workloadsByAddress: ReadonlyMap<string, Workload>;
  /** The endpoints of each service; the same array as long as nothing in it changed. */
  readonly endpoints: ReadonlyMap<Hostname, readonly Endpoint[]>;
  /** Services that a workload serves, by "namespace/pod". */
  readonly servicesOfWorkload: ReadonlyMap<string, readonly MeshService[]>;
  /** Oldest first. Delegates are merged in. Hosts and destinations are resolved to full names. */
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly gateways: readonly Gateway[];
  readonly peerAuthentications: readonly PeerAuthentication[];
}

/** Who calls: what routes and visibility depend on. */
export interface Viewpoint {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
