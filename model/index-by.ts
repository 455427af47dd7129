// Finding items of a list by a key, without looking at the whole list again when it changes by a few items.

import { differenceOf } from "./again.ts";
import { type Aged, placeIn } from "./age.ts";

/**
 * The items of a list that have a key, in the list's order; the same array as long as none of these comes, goes or changes.
 * The list is sorted oldest first.
 */
export type Index<T> = (list: readonly T[], key: string) => readonly T[];

/**
 * An index that stands for the list that was asked about last. Another list is compared with it by identity, and only what
 * differs is taken out and put in: of two lists that differ by one object, both can be asked in turn.
 */
export function indexBy<T extends Aged>(keysOf: (item: T) => readonly string[]): Index<T> {
  let list: readonly T[] = none;
  let found = new Map<string, readonly T[]>();
  const takeOut = (item: T): void => {
    for (const key of keysOf(item)) {
      const left = (found.get(key) ?? none).filter((other) => other !== item);
      if (left.length === 0) found.delete(key);
      else found.set(key, left);
    }
  };
  const putIn = (item: T): void => {
    for (const key of new Set(keysOf(item))) {
      const others = found.get(key) ?? none;
      found.set(key, others.toSpliced(placeIn(others, item), 0, item));
    }
  };
  const moveTo = (next: readonly T[]): void => {
    const { start, beforeEnd, afterEnd } = differenceOf(list, next);
    const gone = new Set(list.slice(start, beforeEnd));
    const come = next.slice(start, afterEnd).filter((item) => !gone.delete(item));
    list = next;
    if (gone.size + come.length > next.length / 2) found = grouped(next, keysOf);
    else {
      for (const item of gone) takeOut(item);
      for (const item of come) putIn(item);
    }
  };
  return (asked, key) => {
    if (asked !== list) moveTo(asked);
    return found.get(key) ?? none;
  };
}

const none: readonly never[] = [];

function grouped<T>(list: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    for (const key of new Set(keysOf(item))) {
      const items = groups.get(key);
      if (items === undefined) groups.set(key, [item]);
      else items.push(item);
    }
  }
  return groups;
}
