// ServiceAccount: the identity of a workload.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";

/** A service account; only its metadata matters to the mesh. */
export interface ServiceAccount {
  readonly apiVersion: string;
  readonly kind: "ServiceAccount";
  readonly metadata: Metadata;
}

export const serviceAccountKind = {
  kind: "ServiceAccount",
  group: "",
  versions: ["v1"],
  plural: "serviceaccounts",
  shortNames: ["sa"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A service account of Kubernetes.",
  body: {},
} as const satisfies KindDescription<"ServiceAccount">;
