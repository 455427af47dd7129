// Pod: what the mesh reads of it. The injector works on the whole JSON instead, because it must give back every field.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import {
  anything,
  bool,
  intOrString,
  list,
  map,
  open,
  projection,
  required,
  type Static,
  string,
  uint32,
} from "./schema.ts";

const httpAction = open("Probe by HTTP", {
  path: string("Path"),
  port: required(intOrString("Port, by number or name")),
  scheme: string("HTTP (by default) or HTTPS"),
  host: string("Host; the pod by default"),
  httpHeaders: list("Headers", open("One header", { name: required(string("Name")), value: string("Value") })),
});

const probe = open("A probe of the kubelet", {
  httpGet: httpAction,
  tcpSocket: open("Probe by TCP", { port: required(intOrString("Port")), host: string("Host") }),
  grpc: open("Probe by gRPC", { port: required(uint32("Port")), service: string("Service") }),
  exec: open("Probe by a command", { command: list("Command", string("Argument")) }),
  initialDelaySeconds: uint32("Time before the first probe"),
  periodSeconds: uint32("Time between probes; 10 by default"),
  timeoutSeconds: uint32("Time for the answer; 1 by default"),
  successThreshold: uint32("Successes in a row to be ready"),
  failureThreshold: uint32("Failures in a row to fail; 3 by default"),
});

const container = projection("One container", {
  name: required(string("Name")),
  image: string("Image"),
  command: list("Entry point", string("Argument")),
  args: list("Arguments", string("Argument")),
  workingDir: string("Directory"),
  env: list(
    "Environment",
    open("One variable", { name: required(string("Name")), value: string("Value"), valueFrom: anything("Source") }),
  ),
  ports: list(
    "Ports",
    projection("One port", {
      name: string("Name"),
      containerPort: required(uint32("Port number")),
      protocol: string("TCP (by default), UDP or SCTP"),
    }),
  ),
  readinessProbe: probe,
  livenessProbe: probe,
  startupProbe: probe,
  lifecycle: anything("Hooks"),
  resources: anything("Requests and limits"),
  securityContext: anything("User, group, capabilities"),
  volumeMounts: list("Mounts", anything("One mount")),
  restartPolicy: string("Always makes an init container a sidecar"),
});

/** What the mesh reads of the `spec` of a pod. */
export const podSpec = projection("What runs in the pod", {
  serviceAccountName: string("Identity; default by default"),
  nodeName: string("Node that it runs on"),
  hostNetwork: bool("Whether it uses the node's network"),
  os: projection("System that it is made for", { name: string("linux or windows") }),
  nodeSelector: map("Labels of nodes that it may run on", string("Value")),
  hostname: string("Host name within its subdomain"),
  subdomain: string("Headless service that gives it a name"),
  containers: list("Containers", container),
  initContainers: list("Containers that run before, or as sidecars", container),
  volumes: list("Volumes", anything("One volume")),
  terminationGracePeriodSeconds: uint32("Time to stop; 30 by default"),
  restartPolicy: string("Always by default"),
  securityContext: anything("User, group, sysctls"),
});

const condition = projection("One condition", {
  type: required(string("Ready, for example")),
  status: required(string("True, False or Unknown")),
  reason: string("One word"),
  message: string("A sentence"),
});

const containerStatus = projection("State of one container", {
  name: required(string("Name")),
  ready: bool("Whether its readiness probe passes"),
  started: bool("Whether its startup probe passed"),
  restartCount: uint32("How often it was started again"),
  state: anything("waiting, running or terminated"),
});

const status = projection("State of the pod", {
  podIP: string("Address"),
  podIPs: list("Addresses of both families", projection("One address", { ip: string("Address") })),
  hostIP: string("Address of its node"),
  phase: string("Pending, Running, Succeeded, Failed or Unknown"),
  conditions: list("Conditions", condition),
  containerStatuses: list("States of containers", containerStatus),
  initContainerStatuses: list("States of init containers", containerStatus),
});

export type PodSpec = Static<typeof podSpec>;
export type PodStatus = Static<typeof status>;
export type Container = Static<typeof container>;
export type Probe = Static<typeof probe>;

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
