// Service: a host of the mesh with its ports.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import {
  anything,
  bool,
  clusterAddress,
  intOrString,
  list,
  map,
  portNumber,
  projection,
  required,
  type Static,
  string,
  uint32,
} from "./schema.ts";

const port = projection("One port", {
  name: string("Name; its beginning tells the protocol"),
  port: required(portNumber("Port number")),
  targetPort: intOrString("Port of the pods, by number or name"),
  protocol: string("TCP (by default), UDP or SCTP"),
  appProtocol: string("Protocol; goes before the name"),
  nodePort: uint32("Port on every node"),
});

const spec = projection("What the service is", {
  type: string("ClusterIP (by default), NodePort, LoadBalancer or ExternalName"),
  clusterIP: clusterAddress("Virtual address; None makes it headless"),
  clusterIPs: list("Virtual addresses of both families", clusterAddress("Address")),
  selector: map("Labels of its pods", string("Value of the label")),
  ports: list("Ports", port),
  externalName: string("Host that an ExternalName stands for"),
  externalIPs: list("Further addresses", string("Address")),
  publishNotReadyAddresses: bool("Whether pods that are not ready count"),
  trafficDistribution: string("Preference for near endpoints"),
});

export type ServiceSpec = Static<typeof spec>;
export type ServicePort = Static<typeof port>;

/** A service of Kubernetes. */
export interface Service extends ConfigObject<"Service", ServiceSpec> {
  readonly status?: unknown;
}

export const serviceKind = {
  kind: "Service",
  group: "",
  versions: ["v1"],
  plural: "services",
  shortNames: ["svc"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A service of Kubernetes.",
  body: { spec: required(spec), status: anything("Load balancer addresses") },
} as const satisfies KindDescription<"Service">;
