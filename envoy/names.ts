// Names of what Envoy holds. They follow Istio's, because dashboards, access logs and people know them.
import { isIpAddress, withoutPort } from "../model/authority.ts";
import { hostname } from "../model/hosts.ts";
import type { Hostname } from "../model/service.ts";
import { probeClusterPrefix } from "../model/sidecar.ts";

/** Connections to wherever the application wanted to go. */
export const passthroughCluster = "PassthroughCluster";
/** Nowhere: connections are closed, requests get 503. */
export const blackHoleCluster = "BlackHoleCluster";
/** Redirected connections to ports that no service has. */
export const inboundPassthroughCluster = "InboundPassthroughCluster";

export const virtualOutbound = "virtualOutbound";
export const virtualInbound = "virtualInbound";
/** The listener that answers the kubelet in the application's place. */
export const probeListener = "probes";

/** Secrets that the control plane hands out to every workload: its certificate, and the roots of the mesh. */
export const workloadSecret = "default";
export const rootSecret = "ROOTCA";

/** `0.0.0.0_9080`, or `10.96.1.2_9080` for one address only. */
export function listenerName(address: string, port: number): string {
  return `${address}_${port}`;
}

/** The port of a `0.0.0.0_PORT` or `ADDRESS_PORT` listener with its address; undefined for any other name. */
export function parseListenerName(name: string): { readonly address: string; readonly port: number } | undefined {
  const found = /^([0-9a-fA-F.:]+)_(\d+)$/.exec(name);
  return found?.[1] === undefined ? undefined : { address: found[1], port: Number(found[2]) };
}

/** `outbound|9080|v1|reviews.shop.svc.cluster.local`: a service, one of its ports and perhaps a subset. */
export interface OutboundName {
  readonly port: number;
  readonly subset: string | undefined;
  readonly host: Hostname;
}

export function outboundCluster({ port, subset, host }: OutboundName): string {
  return `outbound|${port}|${subset ?? ""}|${host}`;
}

export function parseOutboundCluster(name: string): OutboundName | undefined {
  const found = /^outbound\|(\d+)\|([^|]*)\|(.+)$/.exec(name);
  if (found?.[3] === undefined) return undefined;
  return { port: Number(found[1]), subset: found[2] === "" ? undefined : found[2], host: hostname(found[3]) };
}

/** The server name that a client of the mesh sends: `outbound_.9080_.v1_.reviews.shop.svc.cluster.local`. */
export function meshServerName({ port, subset, host }: OutboundName): string {
  return `outbound_.${port}_.${subset ?? ""}_.${host}`;
}

/** `inbound|9080||`: a port of the workload itself. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

export function parseInboundCluster(name: string): number | undefined {
  const found = /^inbound\|(\d+)\|\|$/.exec(name);
  return found === null ? undefined : Number(found[1]);
}

/** `tcp|10.96.1.2:9090` or `http|10.1.2.3:8080`: an address that an application called. */
export interface AddressName {
  readonly layer: "tcp" | "http";
  readonly address: string;
  readonly port: number;
}

export function addressCluster({ layer, address, port }: AddressName): string {
  return `${layer}|${address.includes(":") ? `[${address}]` : address}:${port}`;
}

export function parseAddressCluster(name: string): AddressName | undefined {
  const found = /^(tcp|http)\|(.+):(\d+)$/.exec(name);
  if (found?.[2] === undefined) return undefined;
  const address = withoutPort(`${found[2]}:0`);
  return isIpAddress(address)
    ? { layer: found[1] === "http" ? "http" : "tcp", address, port: Number(found[3]) }
    : undefined;
}

/** `probe|8080|https`: where an application answers a probe. gRPC has a part more, the name of the service asked. */
export function probeCluster(port: number, type: string, service = ""): string {
  const name = `${probeClusterPrefix}${port}|${type}`;
  return service === "" ? name : `${name}|${service}`;
}

/** Route configuration of a port: `9080` for addresses of the mesh, `9080~external` for all others. */
export function meshRoutes(port: number): string {
  return String(port);
}

export function externalRoutes(port: number): string {
  return `${port}~external`;
}

export function parseRoutes(name: string): { readonly port: number; readonly external: boolean } | undefined {
  const found = /^(\d+)(~external)?$/.exec(name);
  return found === null ? undefined : { port: Number(found[1]), external: found[2] !== undefined };
}

/** `http.8080`: the route configuration of a gateway's port; `https.8443.SERVER` where TLS ends in front of it. */
export function gatewayRoutes(port: number, tlsServer?: string): string {
  return tlsServer === undefined ? `http.${port}` : `https.${port}.${tlsServer}`;
}

/** `9080/reviews.shop.svc.cluster.local`: a virtual host that is fetched on demand. */
export function virtualHostResource(port: number, authority: string): string {
  return `${meshRoutes(port)}/${authority}`;
}

export function parseVirtualHost(name: string): { readonly port: number; readonly authority: string } | undefined {
  const found = /^(\d+)\/(.+)$/.exec(name);
  return found?.[2] === undefined ? undefined : { port: Number(found[1]), authority: found[2].toLowerCase() };
}
