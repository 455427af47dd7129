// Remembering what many pods have in common, with a bound: whoever creates pods decides on the keys.

/** Results by owner and key. They live as long as their owner. */
export interface Few<Owner extends object, Result> {
  get(owner: Owner, key: string): Result | undefined;
  set(owner: Owner, key: string, result: Result): Result;
}

/** Longest key that is kept. */
const keyCharacters = 4_000;

/** Remembers so many results of one owner; the oldest goes first. */
export function rememberFew<Owner extends object, Result>(most: number): Few<Owner, Result> {
  const byOwner = new WeakMap<Owner, Map<string, Result>>();
  return {
    get: (owner, key) => byOwner.get(owner)?.get(key),
    set: (owner, key, result) => {
      if (key.length > keyCharacters) return result;
      const results = byOwner.get(owner) ?? new Map<string, Result>();
      byOwner.set(owner, results.set(key, result));
      if (results.size > most) results.delete(results.keys().next().value ?? "");
      return result;
    },
  };
}
