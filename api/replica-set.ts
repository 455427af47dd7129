// ReplicaSet: the step between a pod and the Deployment that its workload is named for.
import { podSelector } from "./deployment.ts";
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { projection, required, type Static, uint32 } from "./schema.ts";

const spec = projection("Which pods there are to be", { replicas: uint32("Number of pods"), selector: podSelector });

export type ReplicaSetSpec = Static<typeof spec>;

/** A replica set of Kubernetes. */
export type ReplicaSet = ConfigObject<"ReplicaSet", ReplicaSetSpec>;

export const replicaSetKind = {
  kind: "ReplicaSet",
  group: "apps",
  versions: ["v1"],
  plural: "replicasets",
  shortNames: ["rs"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A replica set of Kubernetes.",
  body: { spec: required(spec) },
} as const satisfies KindDescription<"ReplicaSet">;
