// Some parts of a snapshot as one object, for memos to hang on: a change of other parts leaves what was made of these.
import { memoize } from "../base/memo.ts";
import type { Snapshot } from "./snapshot.ts";

/** A function that gives these parts of a snapshot; the same object as long as each of them is the same. */
export function partsOf<K extends keyof Snapshot>(
  first: K,
  ...rest: readonly K[]
): (from: Pick<Snapshot, K>) => Pick<Snapshot, K> {
  const names = [first, ...rest];
  const joined = memoize((...parts: readonly [object, ...object[]]) => {
    const entries = names.map((name, index) => [name, parts[index]]);
    return Object.fromEntries(entries) as Pick<Snapshot, K>; // Each part stands under its own name.
  });
  return memoize((from: Pick<Snapshot, K>) => joined(from[first], ...rest.map((name) => from[name])));
}
