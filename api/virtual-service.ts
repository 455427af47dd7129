// VirtualService: where requests for a host go.
import { destination, httpRoute } from "./http-route.ts";
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { int32, list, map, object, required, type Static, string, uint32 } from "./schema.ts";

const routeDestination = object("One destination and its share", {
  destination: required(destination("Where connections go")),
  weight: int32("Share of the connections, in relation to the sum of weights"),
});

const addressConditions = {
  destinationSubnets: list("Addresses that the caller asks for", string("Address or CIDR")),
  port: uint32("Port that the caller asks for"),
  sourceLabels: map("Labels of the calling pod", string("Value of the label")),
  sourceNamespace: string("Namespace of the calling pod"),
  gateways: list("Gateways that this match is for; instead of the VirtualService's", string("Gateway name, or mesh")),
};

const tlsRoute = object("A rule for TLS connections that pass through unopened", {
  match: required(
    list(
      "Conditions; one of the sets must hold",
      object("One set of conditions; all must hold", {
        sniHosts: required(list("Server names of the TLS handshake", string("Host, or *.suffix"))),
        ...addressConditions,
      }),
    ),
  ),
  route: list("Destinations that share the connections", routeDestination),
});

const tcpRoute = object("A rule for TCP connections", {
  match: list(
    "Conditions; one of the sets must hold. None matches everything",
    object("One set of conditions; all must hold", {
      ...addressConditions,
      sourceSubnet: string("Has no effect in any version"),
    }),
  ),
  route: list("Destinations that share the connections", routeDestination),
});

/** The `spec` of a VirtualService. */
export const virtualServiceSpec = object("Where requests for these hosts go", {
  hosts: list("Hosts that the rules are for; none makes a delegate", string("Host; a short name is of this namespace")),
  gateways: list(
    "Gateways that apply the rules; mesh (all sidecars) by default",
    string("name, namespace/name or mesh"),
  ),
  http: list("Rules for HTTP, the first match wins", httpRoute),
  tls: list("Rules for TLS by server name, the first match wins", tlsRoute),
  tcp: list("Rules for TCP, the first match wins", tcpRoute),
  exportTo: list("Namespaces that see the rules; all by default", string("Namespace, . for this one, * for all")),
});

export type VirtualServiceSpec = Static<typeof virtualServiceSpec>;
export type TlsRoute = Static<typeof tlsRoute>;
export type TcpRoute = Static<typeof tcpRoute>;
export type TlsMatch = TlsRoute["match"][number];
export type TcpMatch = NonNullable<TcpRoute["match"]>[number];
export type RouteDestination = Static<typeof routeDestination>;

/** Where requests for a host go. @see https://istio.io/latest/docs/reference/config/networking/virtual-service/ */
export type VirtualService = ConfigObject<"VirtualService", VirtualServiceSpec>;

export const virtualServiceKind = {
  kind: "VirtualService",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "virtualservices",
  shortNames: ["vs"],
  scope: "Namespaced",
  columns: [
    {
      name: "Gateways",
      jsonPath: ".spec.gateways",
      type: "string",
      description: "Gateways and sidecars that apply it",
    },
    { name: "Hosts", jsonPath: ".spec.hosts", type: "string", description: "Hosts that it routes" },
    ageColumn,
  ],
  meshKind: true,
  summary: "Rules for where requests to a host go.",
  body: { spec: required(virtualServiceSpec) },
} as const satisfies KindDescription<"VirtualService">;
