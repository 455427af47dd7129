import fc from "fast-check";
import { expect, test } from "vitest";
import { differenceOf, mapAgain } from "./again.ts";
import { oldestFirst, sorted } from "./age.ts";
import { indexBy } from "./index-by.ts";

interface Item {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly creationTimestamp: string };
  readonly words: readonly string[];
}

const names = ["a", "b", "c", "d", "e", "f", "g", "h"];

function itemOf(name: string, age: number, words: readonly string[]): Item {
  return { metadata: { name, namespace: "shop", creationTimestamp: `2026-01-0${age}` }, words };
}

const words = fc.array(fc.constantFrom("x", "y", "z"), { maxLength: 3 });
const item = fc.tuple(fc.constantFrom(...names), fc.integer({ min: 1, max: 4 }), words);
/** Something is put, or taken away. */
const change = fc.tuple(item, fc.boolean());

/** The world after each of some changes, each a map of its own. */
const histories = fc.array(change, { minLength: 1, maxLength: 12 }).map((changes) => {
  const maps: ReadonlyMap<string, Item>[] = [new Map()];
  for (const [[name, age, own], isGone] of changes) {
    const next = new Map(maps.at(-1));
    if (isGone) next.delete(name);
    else next.set(name, itemOf(name, age, own));
    maps.push(next);
  }
  return maps;
});

test("sorted() sorts into an older list as it sorts from the start", () => {
  fc.assert(
    fc.property(histories, (maps) => {
      let last: readonly Item[] = [];
      for (const map of maps) {
        const list = sorted(map, last);
        expect(list).toEqual([...map.values()].toSorted(oldestFirst));
        last = list;
      }
    }),
  );
});

test("sorted() gives the same list for the same map, and for one that holds the same objects", () => {
  const map = new Map([["a", itemOf("a", 1, [])]]);
  expect(sorted(map)).toBe(sorted(map));
  expect(sorted(new Map(map), sorted(map))).toBe(sorted(map));
});

test("indexBy() finds in any list what a look at the whole list finds", () => {
  const index = indexBy<Item>((one) => one.words);
  fc.assert(
    fc.property(histories, fc.infiniteStream(fc.nat()), (maps, picks) => {
      // Not only forward: proxies and reviews ask about different worlds in turn.
      for (const map of [...maps, ...maps.map(() => maps[Number(picks.next().value) % maps.length])]) {
        const list = sorted(map ?? new Map<string, Item>());
        for (const word of ["x", "y", "z"]) {
          expect(index(list, word)).toEqual(list.filter((one) => one.words.includes(word)));
        }
      }
    }),
  );
});

test("indexBy() keeps what it found for a key while others come and go", () => {
  const index = indexBy<Item>((one) => one.words);
  const list = names.map((name, age) => itemOf(name, age, [name]));
  const found = index(list, "a");
  expect(index(list.slice(0, -1), "a")).toBe(found);
});

test("mapAgain() takes over what was made of the items at both ends", () => {
  const computed: string[] = [];
  const upper = (text: string) => {
    computed.push(text);
    return text.toUpperCase();
  };
  const first = mapAgain(["a", "b", "c", "d"], upper, undefined);
  const next = mapAgain(["a", "x", "y", "c", "d", "e"], upper, first);
  expect(next.results).toEqual(["A", "X", "Y", "C", "D", "E"]);
  expect(computed.slice(4)).toEqual(["x", "y", "c", "d", "e"]);
  expect(mapAgain(["a", "x", "c", "d", "e"], upper, next).results).toEqual(["A", "X", "C", "D", "E"]);
  expect(computed).toHaveLength(9);
});

test.each([
  { before: "abcd", after: "abcd", want: { start: 4, beforeEnd: 4, afterEnd: 4 } },
  { before: "abcd", after: "abxcd", want: { start: 2, beforeEnd: 2, afterEnd: 3 } },
  { before: "abcd", after: "acd", want: { start: 1, beforeEnd: 2, afterEnd: 1 } },
  { before: "aa", after: "aaa", want: { start: 2, beforeEnd: 2, afterEnd: 3 } },
  { before: "", after: "a", want: { start: 0, beforeEnd: 0, afterEnd: 1 } },
])("differenceOf() tells where $before and $after differ", ({ before, after, want }) => {
  expect(differenceOf([...before], [...after])).toEqual(want);
});
