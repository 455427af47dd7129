// WorkloadGroup: what servers that are no pods have in common, and how their health is asked for.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { int32, list, map, object, portNumber, required, type Static, string } from "./schema.ts";
import { workload } from "./workload-fields.ts";

const probe = object("How health is asked for", {
  initialDelaySeconds: int32("Wait before the first question", { minimum: 0 }),
  timeoutSeconds: int32("Longest wait for an answer; 1 by default", { minimum: 0 }),
  periodSeconds: int32("Time between questions; 10 by default", { minimum: 0 }),
  successThreshold: int32("Good answers in a row to count as healthy; 1 by default", { minimum: 0 }),
  failureThreshold: int32("Bad answers in a row to count as ill; 3 by default", { minimum: 0 }),
  httpGet: object("By an HTTP request", {
    path: string("Path; / by default"),
    port: required(portNumber("Port")),
    host: string("Host; the server itself by default"),
    scheme: string("HTTP or HTTPS; HTTP by default"),
    httpHeaders: list("Headers of the request", object("One header", { name: string("Name"), value: string("Value") })),
  }),
  tcpSocket: object("By a connection", {
    host: string("Host; the server itself by default"),
    port: required(portNumber("Port")),
  }),
  exec: object("By a command that ends with 0", {
    command: required(list("The command and its arguments", string("One of them", { minLength: 1 }))),
  }),
  grpc: object("By gRPC health checking", { port: portNumber("Port"), service: string("Name of the service") }),
});

/** The `spec` of a WorkloadGroup. */
export const workloadGroupSpec = object("What servers that are no pods have in common", {
  metadata: object("Labels and annotations of the WorkloadEntries that are made from it", {
    labels: map("Labels", string("Value of the label"), { maxProperties: 256 }),
    annotations: map("Annotations", string("Value of the annotation"), { maxProperties: 256 }),
  }),
  template: required(workload("What the WorkloadEntries that are made from it hold")),
  probe,
});

export type WorkloadGroupSpec = Static<typeof workloadGroupSpec>;
export type WorkloadProbe = Static<typeof probe>;

/** What such servers have in common. @see https://istio.io/latest/docs/reference/config/networking/workload-group/ */
export type WorkloadGroup = ConfigObject<"WorkloadGroup", WorkloadGroupSpec>;

export const workloadGroupKind = {
  kind: "WorkloadGroup",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "workloadgroups",
  shortNames: ["wg"],
  scope: "Namespaced",
  columns: [ageColumn],
  meshKind: true,
  summary: "What servers that are no pods have in common.",
  body: { spec: required(workloadGroupSpec) },
} as const satisfies KindDescription<"WorkloadGroup">;
