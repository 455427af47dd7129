// Keeping identity: what says the same as before is the same object as before, so that "did it change" is one comparison.

/** `previous` when it says the same as `next`, in which parts that say the same are replaced by the previous ones. */
export function keepEqual<T>(previous: T | undefined, next: T): T {
  if (previous === undefined) return next;
  return isEqual(previous, next) ? previous : next;
}

/** A map whose values are the previous ones where they say the same; the previous map itself when all of it does. */
export function keepMap<K, V>(previous: ReadonlyMap<K, V> | undefined, next: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  if (previous === undefined || previous === next) return next;
  let same = previous.size === next.size;
  const kept = new Map<K, V>();
  for (const [key, value] of next) {
    const old = previous.get(key);
    const chosen = keepEqual(old, value);
    if (old === undefined || chosen !== old) same = false;
    kept.set(key, chosen);
  }
  return same ? previous : kept;
}

/** Values made last, by the object that they live as long as, and a key. */
export type Kept<T> = WeakMap<object, Map<string, T>>;

/** What was kept for `owner` under `key`, if it says the same as `next`; else `next`, which is kept from now on. */
export function keepFor<T>(kept: Kept<T>, owner: object, key: string, next: T): T {
  const values = kept.get(owner) ?? new Map<string, T>();
  kept.set(owner, values);
  const chosen = keepEqual(values.get(key), next);
  values.set(key, chosen);
  return chosen;
}

/** Items by key, in their order. */
export function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Whether two plain values say the same. Identical parts are not looked into. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((item) => b.has(item));
  if (a instanceof Map) {
    return (
      b instanceof Map && a.size === b.size && [...a].every(([key, value]) => b.has(key) && isEqual(value, b.get(key)))
    );
  }
  if (Array.isArray(b) || b instanceof Set || b instanceof Map) return false;
  return hasEqualFields(a, b);
}

function hasEqualFields(a: object, b: object): boolean {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>]; // Any field of an object may be asked for.
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => Object.hasOwn(right, name) && isEqual(left[name], right[name]));
}
