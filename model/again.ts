// Lists that differ little from ones seen before: what was made of items that are still there is taken over.

/** Where two lists differ: all items before `start` are the same, and all behind `beforeEnd` and `afterEnd`. */
export interface Difference {
  readonly start: number;
  readonly beforeEnd: number;
  readonly afterEnd: number;
}

/** The shortest stretch outside of which two lists hold the same items. */
export function differenceOf(before: readonly unknown[], after: readonly unknown[]): Difference {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let [beforeEnd, afterEnd] = [before.length, after.length];
  while (beforeEnd > start && afterEnd > start && before[beforeEnd - 1] === after[afterEnd - 1]) {
    beforeEnd--;
    afterEnd--;
  }
  return { start, beforeEnd, afterEnd };
}

/** What was made of a list, item by item. */
export interface Made<T, R> {
  readonly items: readonly T[];
  readonly results: readonly R[];
}

/** `compute` of each item, where `last` has not got its result yet. */
export function mapAgain<T, R>(items: readonly T[], compute: (item: T) => R, last: Made<T, R> | undefined): Made<T, R> {
  if (last === undefined) return { items, results: items.map(compute) };
  const { start, beforeEnd, afterEnd } = differenceOf(last.items, items);
  const results = last.results.slice(0, start);
  for (const item of items.slice(start, afterEnd)) results.push(compute(item));
  for (const result of last.results.slice(beforeEnd)) results.push(result);
  return { items, results };
}
