// What the world means: hosts, services, workloads, rules, ready to be asked. Pure data; unchanged parts keep their identity.
import type { DestinationRule } from "../api/destination-rule.ts";
import type { Gateway } from "../api/gateway.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import type { PeerAuthentication } from "../api/peer-authentication.ts";
import type { VirtualService } from "../api/virtual-service.ts";
import type { JsonPath } from "../base/json-path.ts";
import type { ObjectRef } from "../base/object-ref.ts";
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

/** Where a rule was written: the object and the place in it. */
export interface RuleSource {
  readonly origin: ObjectRef;
  readonly path: JsonPath;
}

/**
 * A VirtualService with full names and its delegates merged in: `hosts`, `gateways` ("mesh" or "namespace/name", never
 * empty), `exportTo` ("*" or namespaces, never empty), destination hosts, and the gateways of matches.
 */
export interface ResolvedVirtualService extends VirtualService {
  /** Where each of `spec.http` was written; a delegate's rules stand in the delegate. */
  readonly httpSources: readonly RuleSource[];
}

/** A port number that some service has, with what is spoken there. */
export interface OutboundPort {
  readonly number: number;
  readonly layers: ReadonlySet<"http" | "tcp" | "sniffed">;
}

export interface Snapshot {
  readonly mesh: MeshSettings;
  /** Every service by hostname; where several claim a host, a Kubernetes Service wins, then the older. */
  readonly services: ReadonlyMap<Hostname, MeshService>;
  /** The other services that claim a host of `services`, in the same order; only for hosts that have some. */
  readonly rivals: ReadonlyMap<Hostname, readonly MeshService[]>;
  /** By virtual IP address. */
  readonly servicesByAddress: ReadonlyMap<string, MeshService>;
  /** By "namespace/pod". */
  readonly workloads: ReadonlyMap<string, Workload>;
  readonly workloadsByAddress: ReadonlyMap<string, Workload>;
  /** The endpoints of each service; the same array as long as nothing in it changed. */
  readonly endpoints: ReadonlyMap<Hostname, readonly Endpoint[]>;
  /** Endpoints of services in `rivals`. */
  readonly rivalEndpoints: ReadonlyMap<MeshService, readonly Endpoint[]>;
  /** Services that a workload serves, by "namespace/pod". */
  readonly servicesOfWorkload: ReadonlyMap<string, readonly MeshService[]>;
  /** Ports of services that all namespaces see, sorted by number. */
  readonly publicPorts: readonly OutboundPort[];
  /** The same for namespaces that see more than all others do. */
  readonly portsByNamespace: ReadonlyMap<string, readonly OutboundPort[]>;
  /** Oldest first, without delegates. */
  readonly virtualServices: readonly ResolvedVirtualService[];
  /** Oldest first, with full host and `exportTo`. */
  readonly destinationRules: readonly DestinationRule[];
  /** Oldest first. */
  readonly gateways: readonly Gateway[];
  /** Oldest first. */
  readonly peerAuthentications: readonly PeerAuthentication[];
}

/** The parts that tell which service a caller means. */
export type ServiceParts = Pick<Snapshot, "mesh" | "services" | "rivals" | "servicesByAddress">;

/** With what DestinationRules add to it. */
export type TargetParts = ServiceParts & Pick<Snapshot, "destinationRules">;

/** The parts that tell where a call is routed to. */
export type RouteParts = TargetParts & Pick<Snapshot, "virtualServices">;

/** Who calls: what routes and visibility depend on. */
export interface Viewpoint {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
}
