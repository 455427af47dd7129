// Deployment: names workloads; the sandbox makes pods from its template, so the template keeps every field.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { podTemplateMetadata } from "./pod.ts";
import { anything, map, open, projection, required, type Static, string, uint32 } from "./schema.ts";

/** `selector` as Deployments and ReplicaSets write it. */
export const podSelector = open("Which pods are its own", {
  matchLabels: map("Labels that they must all have", string("Value of the label")),
});

const spec = projection("Which pods there are to be", {
  replicas: uint32("Number of pods; 1 by default"),
  selector: podSelector,
  template: open("What its pods are made from", {
    metadata: podTemplateMetadata,
    spec: anything("The pods' spec, whole"),
  }),
});

export type DeploymentSpec = Static<typeof spec>;

/** A deployment of Kubernetes. */
export type Deployment = ConfigObject<"Deployment", DeploymentSpec>;

export const deploymentKind = {
  kind: "Deployment",
  group: "apps",
  versions: ["v1"],
  plural: "deployments",
  shortNames: ["deploy"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A deployment of Kubernetes.",
  body: { spec: required(spec) },
} as const satisfies KindDescription<"Deployment">;
