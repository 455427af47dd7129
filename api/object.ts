// What every object of the Kubernetes API has in common, after parsing: nothing is optional that has a natural empty value.
import type { ObjectRef } from "../base/object-ref.ts";

/** `metadata` as the mesh reads it. */
export interface Metadata {
  readonly name: string;
  /** "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. Absent in files; then the order of arrival decides who is older. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly ownerReferences: readonly OwnerReference[];
}

/** The owner of an object, as its controller wrote it. */
export interface OwnerReference {
  readonly kind: string;
  readonly name: string;
  readonly controller: boolean;
}

/** An object whose content stands in `spec`. */
export interface ConfigObject<K extends string, Spec> {
  readonly apiVersion: string;
  readonly kind: K;
  readonly metadata: Metadata;
  readonly spec: Spec;
}

/** How findings and errors name this object. */
export function refOf(object: { readonly kind: string; readonly metadata: Metadata }): ObjectRef {
  return { kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name };
}
