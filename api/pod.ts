// Pod: what the mesh reads of it, and nothing else: thousands stay in memory, and what is in their environment is nobody's
// business. The injector works on the whole JSON instead, because it must give back every field.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { anything, bool, list, map, open, projection, required, type Static, string, uint32 } from "./schema.ts";

const user = projection("User and rights", { runAsUser: anything("Number of the user") });

const container = projection("One container", {
  name: string("Name"),
  image: string("Image; auto where injection chooses it"),
  securityContext: user,
  ports: list(
    "Ports",
    projection("One port", {
      name: string("Name"),
      containerPort: required(uint32("Port number")),
      protocol: string("TCP (by default), UDP or SCTP"),
    }),
  ),
  restartPolicy: string("Always makes an init container a sidecar"),
});

const podSpec = projection("What runs in the pod", {
  serviceAccountName: string("Identity; default by default"),
  nodeName: string("Node that it runs on"),
  securityContext: user,
  hostNetwork: bool("Whether it uses the node's network"),
  os: projection("System that it is made for", { name: string("linux or windows") }),
  nodeSelector: map("Labels of nodes that it may run on", string("Value")),
  containers: list("Containers", container),
  initContainers: list("Containers that run before, or as sidecars", container),
});

const status = projection("State of the pod", {
  podIP: string("Address"),
  podIPs: list("Addresses of both families", projection("One address", { ip: string("Address") })),
  phase: string("Pending, Running, Succeeded, Failed or Unknown"),
  conditions: list(
    "Conditions",
    projection("One condition", {
      type: required(string("Ready, for example")),
      status: required(string("True, False or Unknown")),
    }),
  ),
});

export type PodSpec = Static<typeof podSpec>;
export type PodStatus = Static<typeof status>;
export type Container = Static<typeof container>;

/** A pod, as far as the mesh reads it. */
export interface Pod extends ConfigObject<"Pod", PodSpec> {
  readonly status: PodStatus;
}

export const podKind = {
  kind: "Pod",
  group: "",
  versions: ["v1"],
  plural: "pods",
  shortNames: ["po"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A pod of Kubernetes.",
  body: { spec: required(podSpec), status: required(status) },
} as const satisfies KindDescription<"Pod">;

/** Labels and annotations of pods that a template makes. */
export const podTemplateMetadata = open("Metadata of the pods", {
  labels: map("Labels", string("Value of the label")),
  annotations: map("Annotations", string("Value of the annotation")),
});
