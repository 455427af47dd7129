// What is known about a kind apart from its values: watch list, RBAC, webhook rules, CRDs and messages are made from it.
import type { RequiredField, Schema } from "./schema.ts";

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly jsonPath: string;
  readonly type: "string" | "date";
  readonly description: string;
}

/** A kind that the mesh reads. */
export interface KindDescription<K extends string = string> {
  readonly kind: K;
  /** "" for the core group. */
  readonly group: string;
  /** All that are served, the stored one first. */
  readonly versions: readonly [string, ...string[]];
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Namespaced" | "Cluster";
  readonly columns: readonly PrinterColumn[];
  /** True for kinds of Istio's groups: users write them for the mesh, so unknown fields are mistakes. */
  readonly meshKind: boolean;
  /** One sentence for `kubectl explain`. */
  readonly summary: string;
  /** The fields beside apiVersion, kind and metadata. A required one that is absent is read as `{}`. */
  readonly body: Readonly<Record<string, Schema | RequiredField>>;
}

/** The column that every kind of the mesh ends with. */
export const ageColumn: PrinterColumn = {
  name: "Age",
  jsonPath: ".metadata.creationTimestamp",
  type: "date",
  description: "Time since the object was created",
};

/** "networking.istio.io/v1", or "v1" for the core group. */
export function apiVersionsOf(description: KindDescription): readonly string[] {
  const { group, versions } = description;
  return versions.map((version) => (group === "" ? version : `${group}/${version}`));
}
