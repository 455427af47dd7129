// Objects that were let in moments ago and may not have come back through the registry yet. They count as stored, so that of
// two conflicting objects in one `kubectl apply` the second is refused.
import { type AnyObject, isKind, type Kind } from "../api/kinds.ts";
import { isEqual } from "../model/keep.ts";
import { applyChanges, lookUp, type ObjectKey, objectKey, type World } from "../model/world.ts";

/** What was let in and is not known to be stored. */
export interface RecentlyAdmitted {
  remember(object: AnyObject): void;
  forget(kind: string, namespace: string, name: string): void;
  /** The world with them in it; the same one for the same world as long as nothing was remembered or forgotten. */
  over(world: World): World;
}

/** How long the way through the API server and back may take. */
const recentMs = 5000;
/** More than that at once are not remembered: the oldest go first. */
const recentLimit = 10_000;

/** `now` gives milliseconds. */
export function recentlyAdmitted(now: () => number): RecentlyAdmitted {
  const entries = new Map<`${Kind}:${ObjectKey}`, { readonly object: AnyObject; readonly untilMs: number }>();
  let last: { readonly below: World; readonly joined: World } | undefined;
  const keyOf = (kind: Kind, namespace: string, name: string) => `${kind}:${objectKey(namespace, name)}` as const;
  const drop = (key: `${Kind}:${ObjectKey}`): void => {
    if (entries.delete(key)) last = undefined;
  };
  const dropOld = (): void => {
    for (const [key, entry] of entries) {
      if (entry.untilMs > now() && entries.size <= recentLimit) return; // in the order of time: the rest is younger
      drop(key);
    }
  };
  return {
    remember(object) {
      const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
      drop(key);
      entries.set(key, { object, untilMs: now() + recentMs });
      last = undefined;
      dropOld();
    },
    forget(kind, namespace, name) {
      if (isKind(kind)) drop(keyOf(kind, namespace, name));
    },
    over(world) {
      dropOld();
      if (last?.below === world) return last.joined;
      for (const [key, { object }] of entries) if (isStored(object, world)) drop(key);
      const joined = applyChanges(
        world,
        [...entries.values()].map(({ object }) => ({ type: "put", object })),
      );
      last = { below: world, joined };
      return joined;
    },
  };
}

/** Whether it came back: from then on the world alone tells what becomes of it. */
function isStored(object: AnyObject, world: World): boolean {
  const { kind, metadata } = object;
  const stored: AnyObject | undefined = lookUp(world, kind, metadata.namespace, metadata.name);
  return stored !== undefined && isEqual({ ...stored, metadata, apiVersion: object.apiVersion }, object);
}
