// The coin that envoy/ mints and xds/ hands out: one resource, encoded once, shared by every proxy that may hold it.
import type { ObjectRef } from "../base/object-ref.ts";

/** The type URLs that a proxy subscribes to. */
export const typeUrls = {
  listener: "type.googleapis.com/envoy.config.listener.v3.Listener",
  route: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
  virtualHost: "type.googleapis.com/envoy.config.route.v3.VirtualHost",
  cluster: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
  secret: "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
} as const;

export type TypeUrl = (typeof typeUrls)[keyof typeof typeUrls];

/** Which resource. */
export interface ResourceName {
  readonly type: TypeUrl;
  readonly name: string;
}

/** A resource as it travels. Two of the same version are the same bytes, on every replica. */
export interface EncodedResource extends ResourceName {
  /** Hash of `bytes`, hex. */
  readonly version: string;
  /** The resource message itself (the value of the `Any`). */
  readonly bytes: Uint8Array;
  /** What must be acknowledged by the proxy before this one is sent to it. */
  readonly needs: readonly ResourceName[];
  /** The objects whose words are in it. */
  readonly provenance: readonly ObjectRef[];
}

/** A proxy that is connected. */
export interface ProxyNode {
  readonly type: "sidecar" | "gateway";
  readonly namespace: string;
  readonly pod: string;
  readonly address: string;
}
