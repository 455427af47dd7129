// Who was there first: of two objects that claim the same, the older one counts.
import type { Metadata } from "../api/object.ts";
import { memoize } from "../base/memo.ts";

/** What has an age. */
export interface Aged {
  readonly metadata: Pick<Metadata, "name" | "namespace" | "creationTimestamp">;
}

/** For sorting: oldest first; of the same age by "name.namespace", as Istio does. Without a timestamp it is the newest. */
export function oldestFirst(a: Aged, b: Aged): number {
  const [left, right] = [ageKey(a), ageKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * The objects of a kind, oldest first; the same list for the same map.
 * @param last - a list that was made of a similar map before: only what differs is sorted in.
 */
export function sorted<T extends Aged>(objects: ReadonlyMap<string, T>, last?: readonly T[]): readonly T[] {
  // A map's list holds what the map holds: it is put there below.
  const known = lists.get(objects) as readonly T[] | undefined;
  if (known !== undefined) return known;
  const source = last === undefined ? undefined : (sources.get(last) as ReadonlyMap<string, T> | undefined);
  const list =
    (last !== undefined && source !== undefined ? sortedIn(objects, source, last) : undefined) ??
    [...objects.values()].toSorted(oldestFirst);
  lists.set(objects, list);
  sources.set(list, objects);
  return list;
}

const lists = new WeakMap<ReadonlyMap<string, Aged>, readonly Aged[]>();
const sources = new WeakMap<readonly Aged[], ReadonlyMap<string, Aged>>();

/** To sort more objects than that into a list takes longer than to sort all. */
const mostNew = 100;

/** The list of `source` with the differences to it; undefined when there are many. */
function sortedIn<T extends Aged>(
  objects: ReadonlyMap<string, T>,
  source: ReadonlyMap<string, T>,
  last: readonly T[],
): readonly T[] | undefined {
  const added: T[] = [];
  const gone = new Set<T>();
  for (const [key, object] of objects) {
    const before = source.get(key);
    if (before === object) continue;
    if (added.push(object) > mostNew) return undefined;
    if (before !== undefined) gone.add(before);
  }
  if (source.size + added.length - gone.size > objects.size) {
    for (const [key, object] of source) if (!objects.has(key)) gone.add(object);
  }
  if (added.length + gone.size === 0) return last;
  const list = gone.size === 0 ? [...last] : last.filter((object) => !gone.has(object));
  for (const object of added) list.splice(placeIn(list, object), 0, object);
  return list;
}

/** Where an object goes in a list that is sorted. */
export function placeIn(list: readonly Aged[], object: Aged): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    if (other !== undefined && oldestFirst(other, object) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Text that sorts as the objects do; made once for each, because all are sorted again when one changes. */
const ageKey = memoize(
  ({ metadata }: Aged): string => `${metadata.creationTimestamp ?? "~"} ${metadata.name}.${metadata.namespace}`,
);
