// WorkloadEntry: one server that is no pod, such as a virtual machine.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { required, type Static } from "./schema.ts";
import { workload } from "./workload-fields.ts";

/** The `spec` of a WorkloadEntry. */
export const workloadEntrySpec = workload("One server that is no pod");

export type WorkloadEntrySpec = Static<typeof workloadEntrySpec>;

/** One server that is no pod. @see https://istio.io/latest/docs/reference/config/networking/workload-entry/ */
export type WorkloadEntry = ConfigObject<"WorkloadEntry", WorkloadEntrySpec>;

export const workloadEntryKind = {
  kind: "WorkloadEntry",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "workloadentries",
  shortNames: ["we"],
  scope: "Namespaced",
  columns: [ageColumn, { name: "Address", jsonPath: ".spec.address", type: "string", description: "Its address" }],
  meshKind: true,
  summary: "One server that is no pod, such as a virtual machine.",
  body: { spec: required(workloadEntrySpec) },
} as const satisfies KindDescription<"WorkloadEntry">;
