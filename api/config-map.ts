// ConfigMap: holds the mesh configuration (`istio` in `istio-system`), and whatever pods mount.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";
import { map, required, string } from "./schema.ts";

/** A ConfigMap; `data` is empty where the object has none. */
export interface ConfigMap {
  readonly apiVersion: string;
  readonly kind: "ConfigMap";
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, string>>;
}

export const configMapKind = {
  kind: "ConfigMap",
  group: "",
  versions: ["v1"],
  plural: "configmaps",
  shortNames: ["cm"],
  scope: "Namespaced",
  columns: [],
  meshKind: false,
  summary: "A ConfigMap of Kubernetes.",
  body: { data: required(map("Texts by key", string("Text"))) },
} as const satisfies KindDescription<"ConfigMap">;
