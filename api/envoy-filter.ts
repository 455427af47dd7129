// EnvoyFilter: patches of Envoy's own configuration.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTarget } from "./policy-target.ts";
import { enumeration, int32, list, map, object, open, required, type Static, string, uint32 } from "./schema.ts";
import { labelSelector } from "./workload-selector.ts";

const filter = object("One filter", {
  name: string("Name of the filter"),
  subFilter: object("A filter inside of it", { name: string("Name of the HTTP filter") }),
});

const listenerMatch = object("Listeners to patch", {
  name: string("Name"),
  portNumber: uint32("Port number"),
  portName: string("Has no effect in any version"),
  listenerFilter: string("A listener filter by name"),
  filterChain: object("A filter chain of the listener", {
    name: string("Name"),
    sni: string("Server name that it is for"),
    transportProtocol: string("raw_buffer or tls"),
    transportSocket: string("Name of its transport socket"),
    applicationProtocols: string("Protocols of ALPN, separated by commas"),
    destinationPort: uint32("Destination port"),
    filter,
  }),
});

const routeMatch = object("Route configurations to patch", {
  name: string("Name"),
  portNumber: uint32("Port number"),
  portName: string("Name of a Gateway's port"),
  gateway: string("namespace/name of the Gateway"),
  vhost: object("A virtual host of it", {
    name: string("Name"),
    domainName: string("One of its domains"),
    route: object("A route of it", {
      name: string("Name"),
      action: enumeration("What the route does", ["ANY", "ROUTE", "REDIRECT", "DIRECT_RESPONSE"]),
    }),
  }),
});

const match = object("Where the patch is applied", {
  context: enumeration("Which proxies and directions", [
    "ANY",
    "SIDECAR_INBOUND",
    "SIDECAR_OUTBOUND",
    "GATEWAY",
    "WAYPOINT",
  ]),
  proxy: object("Proxies", {
    proxyVersion: string("Regular expression on the version"),
    metadata: map("Metadata of the node", string("Value")),
  }),
  listener: listenerMatch,
  routeConfiguration: routeMatch,
  cluster: object("Clusters to patch", {
    name: string("Name"),
    service: string("Host of the service"),
    subset: string("Subset"),
    portNumber: uint32("Port number"),
  }),
  waypoint: object("Waypoints to patch", {
    portNumber: uint32("Port number", { minimum: 1, maximum: 65_535 }),
    filter,
    route: object("A route", { name: string("Name") }),
  }),
});

const configPatch = object("One patch", {
  applyTo: enumeration("What is patched", [
    "INVALID",
    "LISTENER",
    "FILTER_CHAIN",
    "NETWORK_FILTER",
    "HTTP_FILTER",
    "ROUTE_CONFIGURATION",
    "VIRTUAL_HOST",
    "HTTP_ROUTE",
    "CLUSTER",
    "EXTENSION_CONFIG",
    "BOOTSTRAP",
    "LISTENER_FILTER",
  ]),
  match,
  patch: object("What is done", {
    operation: enumeration("How it is changed", [
      "INVALID",
      "MERGE",
      "ADD",
      "REMOVE",
      "INSERT_BEFORE",
      "INSERT_AFTER",
      "INSERT_FIRST",
      "REPLACE",
      "MERGE_AND_REPLACE_LIST",
    ]),
    value: open("JSON of Envoy's configuration", {}),
    filterClass: enumeration("Where among the filters it is put", ["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"]),
  }),
});

/** The `spec` of an EnvoyFilter. */
export const envoyFilterSpec = object("Patches of Envoy's own configuration", {
  workloadSelector: labelSelector("Pods that it is for; the whole namespace by default"),
  targetRefs: list("What it is for, instead of a selector", policyTarget("One of them"), { maxItems: 16 }),
  configPatches: list("Patches, applied in this order", configPatch),
  priority: int32("Patches of lower priority are applied first"),
});

export type EnvoyFilterSpec = Static<typeof envoyFilterSpec>;
export type ConfigPatch = Static<typeof configPatch>;

/** Patches of Envoy's own configuration. @see https://istio.io/latest/docs/reference/config/networking/envoy-filter/ */
export type EnvoyFilter = ConfigObject<"EnvoyFilter", EnvoyFilterSpec>;

export const envoyFilterKind = {
  kind: "EnvoyFilter",
  group: "networking.istio.io",
  versions: ["v1alpha3"],
  plural: "envoyfilters",
  shortNames: [],
  scope: "Namespaced",
  columns: [],
  meshKind: true,
  summary: "Patches of Envoy's own configuration.",
  body: { spec: required(envoyFilterSpec) },
} as const satisfies KindDescription<"EnvoyFilter">;
