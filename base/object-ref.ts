// How findings, provenance and errors name a Kubernetes object.

/** Kind, namespace and name of an object; cluster-scoped objects have the namespace "". */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** "VirtualService shop/reviews", or "Namespace shop" for a cluster-scoped object. */
export function refText(ref: ObjectRef): string {
  return `${ref.kind} ${ref.namespace === "" ? "" : `${ref.namespace}/`}${ref.name}`;
}

/** The same object, compared by value. */
export function sameRef(a: ObjectRef, b: ObjectRef): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}
