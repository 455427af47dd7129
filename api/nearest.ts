// Finding what a person meant by a word that is not known.

/**
 * The candidate that `word` is most likely a slip of: the same but for case, "_" and "-", or a few typing errors away
 * (a letter more, less, other, or two swapped; one error per three letters at most). undefined when none is near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const plain = simplify(word);
  const same = candidates.find((candidate) => simplify(candidate) === plain);
  if (same !== undefined) return same;
  let best: string | undefined;
  let least = Math.floor(Math.max(plain.length, 3) / 3) + 0.5;
  for (const candidate of candidates) {
    const errors = distance(plain, simplify(candidate));
    if (errors < least) {
      best = candidate;
      least = errors;
    }
  }
  return best;
}

/** Words as they stand in a message: `"a", "b" or "c"`. */
export function oneOf(words: readonly string[]): string {
  const quoted = words.map((word) => `"${word}"`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}`;
}

function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, "");
}

/** Optimal string alignment distance. Words longer than 64 characters are cut: field names are shorter. */
function distance(from: string, to: string): number {
  const a = from.slice(0, 64);
  const b = to.slice(0, 64);
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      const at = (list: readonly number[], index: number) => list[index] ?? 0;
      let errors = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + cost);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) errors = Math.min(errors, at(beforeLast, column - 2) + 1);
      current.push(errors);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
