// Namespace: its labels decide about injection and discovery.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";

/** A namespace; only its metadata matters to the mesh. */
export interface Namespace {
  readonly apiVersion: string;
  readonly kind: "Namespace";
  readonly metadata: Metadata;
}

export const namespaceKind = {
  kind: "Namespace",
  group: "",
  versions: ["v1"],
  plural: "namespaces",
  shortNames: ["ns"],
  scope: "Cluster",
  columns: [],
  meshKind: false,
  summary: "A namespace of Kubernetes.",
  body: {},
} as const satisfies KindDescription<"Namespace">;
