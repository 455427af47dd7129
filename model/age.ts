// Who was there first: of two objects that claim the same, the older one counts.
import type { Metadata } from "../api/object.ts";
import { memoize } from "../base/memo.ts";

interface Aged {
  readonly metadata: Pick<Metadata, "name" | "namespace" | "creationTimestamp">;
}

/** For sorting: oldest first; of the same age by "name.namespace", as Istio does. Without a timestamp it is the newest. */
export function oldestFirst(a: Aged, b: Aged): number {
  const [left, right] = [ageKey(a), ageKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The objects of a kind, oldest first; remembered for each map. */
export const sorted: <T extends Aged>(objects: ReadonlyMap<string, T>) => readonly T[] = memoize(
  <T extends Aged>(objects: ReadonlyMap<string, T>): readonly T[] => [...objects.values()].toSorted(oldestFirst),
  // memoize() keeps no type parameters; the result holds what the map holds.
) as <T extends Aged>(objects: ReadonlyMap<string, T>) => readonly T[];

/** Text that sorts as the objects do; made once for each, because all are sorted again when one changes. */
const ageKey = memoize(
  ({ metadata }: Aged): string => `${metadata.creationTimestamp ?? "~"} ${metadata.name}.${metadata.namespace}`,
);
