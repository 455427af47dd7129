// Who was there first: of two objects that claim the same, the older one counts.
import type { Metadata } from "../api/object.ts";
import { memoize } from "../base/memo.ts";

interface Aged {
  readonly metadata: Pick<Metadata, "name" | "namespace" | "creationTimestamp">;
}

/** For sorting: oldest first; of the same age by "name.namespace", as Istio does. Without a timestamp it is the newest. */
export function oldestFirst(a: Aged, b: Aged): number {
  const byTime = compare(a.metadata.creationTimestamp ?? "~", b.metadata.creationTimestamp ?? "~");
  if (byTime !== 0) return byTime;
  return compare(`${a.metadata.name}.${a.metadata.namespace}`, `${b.metadata.name}.${b.metadata.namespace}`);
}

/** The objects of a kind, oldest first; remembered for each map. */
export const sorted: <T extends Aged>(objects: ReadonlyMap<string, T>) => readonly T[] = memoize(
  <T extends Aged>(objects: ReadonlyMap<string, T>): readonly T[] => [...objects.values()].toSorted(oldestFirst),
  // memoize() keeps no type parameters; the result holds what the map holds.
) as <T extends Aged>(objects: ReadonlyMap<string, T>) => readonly T[];

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
