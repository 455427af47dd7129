// Everything that the control plane was told, as it was told: an immutable set of parsed objects.
import type { AnyObject, Kind, ObjectOf } from "../api/kinds.ts";
import { kinds } from "../api/kinds.ts";
import type { ObjectRef } from "../base/object-ref.ts";

/** "namespace/name"; "/name" for cluster-scoped kinds. */
export type ObjectKey = `${string}/${string}`;

/** All objects of all kinds. A change makes a new World that shares every map that did not change. */
export interface World {
  readonly objects: { readonly [K in Kind]: ReadonlyMap<ObjectKey, ObjectOf<K>> };
}

/** One event: an object arrived or changed (`put`), or is gone (`delete`). */
export type Change =
  | { readonly type: "put"; readonly object: AnyObject }
  | { readonly type: "delete"; readonly ref: ObjectRef & { readonly kind: Kind } };

/** A world without objects. */
export function emptyWorld(): World {
  return { objects: Object.fromEntries(kinds.map((kind) => [kind, new Map()])) as unknown as World["objects"] };
}

/** The key of an object in the map of its kind. */
export function objectKey(namespace: string, name: string): ObjectKey {
  return `${namespace}/${name}`;
}

/** The world after these events, in order. Maps of kinds that no event changes are the same maps. */
export function applyChanges(world: World, changes: readonly Change[]): World {
  if (changes.length === 0) return world;
  const touched = new Map<Kind, Map<ObjectKey, AnyObject>>();
  const mapOf = (kind: Kind): Map<ObjectKey, AnyObject> => {
    let map = touched.get(kind);
    if (map === undefined) {
      map = new Map<ObjectKey, AnyObject>(world.objects[kind]);
      touched.set(kind, map);
    }
    return map;
  };
  for (const change of changes) {
    if (change.type === "put") {
      const { namespace, name } = change.object.metadata;
      mapOf(change.object.kind).set(objectKey(namespace, name), change.object);
    } else {
      const { kind, namespace, name } = change.ref;
      const key = objectKey(namespace, name);
      // What is not there leaves the map as it is, for others go by its identity.
      if ((touched.get(kind) ?? world.objects[kind]).has(key)) mapOf(kind).delete(key);
    }
  }
  // Each map holds objects of its own kind only, because it is chosen by the object's kind above.
  return { objects: { ...world.objects, ...Object.fromEntries(touched) } as unknown as World["objects"] };
}

/** The stored object of that kind and name, if there is one. */
export function lookUp<K extends Kind>(
  world: World,
  kind: K,
  namespace: string,
  name: string,
): ObjectOf<K> | undefined {
  return world.objects[kind].get(objectKey(namespace, name));
}
