// What a service of the mesh is, wherever it comes from: a Kubernetes Service or a host of a ServiceEntry.
import type { ObjectRef } from "../base/object-ref.ts";
import type { Protocol } from "./protocol.ts";

declare const hostnameBrand: unique symbol;
/** A full, lower-case host: `reviews.shop.svc.cluster.local`, `www.example.com`, `*.example.com`. */
export type Hostname = string & { readonly [hostnameBrand]: true };

/**
 * How a client finds the endpoints.
 * - `cluster-ip`: a virtual address stands for endpoints that we know.
 * - `headless`: clients call the endpoints' own addresses.
 * - `external-name`: an alias of another DNS name.
 * - `static`: a ServiceEntry with endpoint addresses (or a workload selector).
 * - `dns`, `dns-round-robin`: Envoy resolves names (STRICT_DNS, LOGICAL_DNS).
 * - `none`: whatever address the application chose.
 */
export type Resolution = "cluster-ip" | "headless" | "external-name" | "static" | "dns" | "dns-round-robin" | "none";

export interface ServicePort {
  readonly name: string;
  readonly number: number;
  /** A container port's number or name. */
  readonly targetPort: number | string;
  readonly protocol: Protocol;
}

export interface MeshService {
  readonly hostname: Hostname;
  readonly namespace: string;
  /** The Service's own name; the hostname for a ServiceEntry. */
  readonly name: string;
  readonly origin: ObjectRef;
  readonly resolution: Resolution;
  /** Virtual addresses, or CIDRs for ServiceEntries; empty for headless services. */
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
  /** Namespaces that see it; "*" is all of them. Never ".": that was resolved. */
  readonly exportTo: readonly string[];
  /** MESH_EXTERNAL: no mutual TLS of the mesh is tried. */
  readonly external: boolean;
  readonly subjectAltNames: readonly string[];
  /** The target of `external-name`. */
  readonly externalName?: string;
  readonly createdAt?: string;
}

/** One address that answers for a service. Ports are resolved: `ports` maps a service port's number to the endpoint's. */
export interface Endpoint {
  /** An IP address; for `dns` also a host name. */
  readonly address: string;
  readonly ports: Readonly<Record<number, number>>;
  readonly labels: Readonly<Record<string, string>>;
  /** 0 means unset, as in ServiceEntry. */
  readonly weight: number;
  readonly locality: string;
  /** Its proxy takes mutual TLS of the mesh, on all ports but those of `plaintextPorts`. */
  readonly meshTls: boolean;
  /** The endpoint's own ports (values of `ports`) on which a PeerAuthentication switches mutual TLS off. */
  readonly plaintextPorts?: readonly number[];
  /** `spiffe://…`; undefined outside of the mesh. */
  readonly identity?: string;
  /** "namespace/pod" when it is a workload that we know. */
  readonly workload?: string;
}
