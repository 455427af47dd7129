// Items by how their texts begin: of thousands, only those are looked at that can have something in common.

/** The items of a list by their texts; answers are in the list's order. */
export interface PrefixIndex<T> {
  /** Items that the text begins with: their whole text is its beginning. */
  readonly above: (text: string) => readonly T[];
  /** Items that begin with the text, and are longer. */
  readonly below: (text: string) => readonly T[];
}

/** An index of a list that does not change. */
export function indexByPrefix<T>(list: readonly T[], textOf: (item: T) => string): PrefixIndex<T> {
  const groups = new Map<string, Group<T>>();
  for (const [position, item] of list.entries()) {
    const text = textOf(item);
    const group = groups.get(text) ?? { items: [], positions: [] };
    groups.set(text, group);
    group.items.push(item);
    group.positions.push(position);
  }
  const texts = [...groups.keys()].toSorted(byCodeUnit);
  const lengths = [...new Set(texts.map(({ length }) => length))];
  const itemsOf = (found: readonly string[]): readonly T[] => inOrder(found.flatMap((text) => groups.get(text) ?? []));
  return {
    above: (text) =>
      itemsOf(lengths.flatMap((length) => (length > text.length ? [] : [text.slice(0, length)])).filter(isThere)),
    below: (text) => {
      const first = firstBehind(texts, text);
      let end = first;
      while (texts[end]?.startsWith(text) === true) end += 1;
      return itemsOf(texts.slice(first, end));
    },
  };

  function isThere(text: string): boolean {
    return groups.has(text);
  }
}

/** Items with the same text, and where they stand in the list. */
interface Group<T> {
  readonly items: T[];
  readonly positions: number[];
}

function inOrder<T>(groups: readonly Group<T>[]): readonly T[] {
  const [first] = groups;
  // A group of its own is in order already, and may be the whole list.
  if (first === undefined || groups.length === 1) return first?.items ?? [];
  const all = groups.flatMap(({ items, positions }) =>
    items.map((item, index) => ({ item, at: positions[index] ?? 0 })),
  );
  return all.toSorted((a, b) => a.at - b.at).map(({ item }) => item);
}

/** Where the texts begin that go behind `text`. */
function firstBehind(sorted: readonly string[], text: string): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((sorted[middle] ?? "") <= text) from = middle + 1;
    else to = middle;
  }
  return from;
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
