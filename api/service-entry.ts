// ServiceEntry: hosts that Kubernetes does not know.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { enumeration, list, object, portNumber, required, type Static, string } from "./schema.ts";
import { workload } from "./workload-fields.ts";
import { labelSelector } from "./workload-selector.ts";

const endpoint = workload("One server of the host");

const port = object("One port of the host", {
  number: required(portNumber("Port number")),
  name: required(string("Name of the port", { maxLength: 256 })),
  protocol: string("HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP or TLS", { maxLength: 256 }),
  targetPort: portNumber("Port of the endpoints; the same by default"),
});

/** The `spec` of a ServiceEntry. */
export const serviceEntrySpec = object("Hosts that Kubernetes does not know", {
  hosts: required(list("Names of the host", string("Host, or *.suffix"), { minItems: 1, maxItems: 256 })),
  addresses: list("Virtual addresses of the host", string("Address or CIDR", { maxLength: 64 }), { maxItems: 256 }),
  ports: list("Ports of the host", port, { maxItems: 256 }),
  location: enumeration("Outside of the mesh, or a part of it", ["MESH_EXTERNAL", "MESH_INTERNAL"]),
  resolution: enumeration("How endpoints are found", ["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"]),
  endpoints: list("Servers of the host", endpoint, { maxItems: 4096 }),
  workloadSelector: labelSelector("Pods and WorkloadEntries that serve the host; instead of endpoints"),
  exportTo: list("Namespaces that see the host; all by default", string("Namespace, . for this one, * for all")),
  subjectAltNames: list("Names that the servers' certificates may have", string("Name")),
});

export type ServiceEntrySpec = Static<typeof serviceEntrySpec>;
export type ServiceEntryPort = Static<typeof port>;
export type ServiceEntryEndpoint = Static<typeof endpoint>;

/** Hosts that Kubernetes does not know. @see https://istio.io/latest/docs/reference/config/networking/service-entry/ */
export type ServiceEntry = ConfigObject<"ServiceEntry", ServiceEntrySpec>;

export const serviceEntryKind = {
  kind: "ServiceEntry",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "serviceentries",
  shortNames: ["se"],
  scope: "Namespaced",
  columns: [
    { name: "Hosts", jsonPath: ".spec.hosts", type: "string", description: "Hosts that it names" },
    {
      name: "Location",
      jsonPath: ".spec.location",
      type: "string",
      description: "Outside of the mesh, or a part of it",
    },
    { name: "Resolution", jsonPath: ".spec.resolution", type: "string", description: "How endpoints are found" },
    ageColumn,
  ],
  meshKind: true,
  summary: "Hosts that Kubernetes does not know, with their ports and endpoints.",
  body: { spec: required(serviceEntrySpec) },
} as const satisfies KindDescription<"ServiceEntry">;
