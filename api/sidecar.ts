// Sidecar: which hosts the proxies of a namespace are told about, and which ports they listen on.
import { serverTls } from "./gateway.ts";
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { enumeration, list, object, required, type Static, string, uint32 } from "./schema.ts";
import { connectionPool } from "./traffic-policy.ts";
import { labelSelector } from "./workload-selector.ts";

const port = object("The port", {
  number: uint32("Port number"),
  protocol: string("HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS"),
  name: string("Name of the port"),
  targetPort: uint32("Has no effect in any version"),
});

const captureMode = enumeration("How connections come to the listener", ["DEFAULT", "IPTABLES", "NONE"]);

const ingress = object("One port that callers reach the workload at", {
  port: required(port),
  bind: string("Address to listen on"),
  captureMode,
  defaultEndpoint: string("Where the application listens: 127.0.0.1:PORT, 0.0.0.0:PORT or unix:///path"),
  tls: serverTls,
  connectionPool,
});

const egress = object("Hosts that the workload calls", {
  port,
  bind: string("Address, or unix:///path, to listen on"),
  captureMode,
  hosts: required(list("Hosts by namespace", string("namespace/host; . for this namespace, * for all"))),
});

/** The `spec` of a Sidecar. */
export const sidecarSpec = object("What the proxies of a namespace are told", {
  workloadSelector: labelSelector("Pods that it is for; the whole namespace by default"),
  ingress: list("Ports of the workload, instead of those of its Services", ingress),
  egress: list("Hosts that the workload calls; all of the mesh by default", egress),
  inboundConnectionPool: connectionPool,
  outboundTrafficPolicy: object("What becomes of calls to other hosts", {
    mode: enumeration("Refused, or let through", ["REGISTRY_ONLY", "ALLOW_ANY"]),
    egressProxy: object("Who gets them", {
      host: required(string("Host of a service")),
      subset: string("Subset of it"),
      port: object("Port of it", { number: uint32("Port number") }),
    }),
  }),
});

export type SidecarSpec = Static<typeof sidecarSpec>;
export type SidecarIngress = Static<typeof ingress>;
export type SidecarEgress = Static<typeof egress>;

/** What the proxies of a namespace are told. @see https://istio.io/latest/docs/reference/config/networking/sidecar/ */
export type Sidecar = ConfigObject<"Sidecar", SidecarSpec>;

export const sidecarKind = {
  kind: "Sidecar",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "sidecars",
  shortNames: [],
  scope: "Namespaced",
  columns: [],
  meshKind: true,
  summary: "Which hosts the proxies of a namespace are told about, and which ports they listen on.",
  body: { spec: required(sidecarSpec) },
} as const satisfies KindDescription<"Sidecar">;
