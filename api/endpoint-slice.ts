// EndpointSlice: addresses behind a Service, as Kubernetes or a person wrote them. It has no spec.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";
import { bool, list, projection, required, type Static, string, uint32 } from "./schema.ts";

const endpoint = projection("One endpoint", {
  addresses: required(list("Its addresses; all lead to the same", string("Address"))),
  conditions: projection("State", {
    ready: bool("Whether it takes traffic; true by default"),
    serving: bool("Whether it answers, also while it stops"),
    terminating: bool("Whether it stops"),
  }),
  hostname: string("Host name below the service"),
  nodeName: string("Node that it runs on"),
  zone: string("Zone that it runs in"),
  targetRef: projection("Object that it is", {
    kind: string("Pod, for example"),
    name: string("Name"),
    namespace: string("Namespace"),
  }),
});

const port = projection("One port", {
  name: string("Name of the Service's port"),
  port: uint32("Port number"),
  protocol: string("TCP (by default), UDP or SCTP"),
  appProtocol: string("Protocol"),
});

export type Endpoint = Static<typeof endpoint>;
export type EndpointPort = Static<typeof port>;

/** Some of the endpoints of the Service that the label `kubernetes.io/service-name` names. */
export interface EndpointSlice {
  readonly apiVersion: string;
  readonly kind: "EndpointSlice";
  readonly metadata: Metadata;
  readonly addressType: string;
  readonly endpoints?: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

export const endpointSliceKind = {
  kind: "EndpointSlice",
  group: "discovery.k8s.io",
  versions: ["v1"],
  plural: "endpointslices",
  shortNames: [],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "Endpoints of a service of Kubernetes.",
  body: {
    addressType: required(string("IPv4, IPv6 or FQDN")),
    endpoints: list("Endpoints", endpoint),
    ports: list("Ports", port),
  },
} as const satisfies KindDescription<"EndpointSlice">;
