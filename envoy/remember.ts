// Remembering by content: for inputs that are small texts rather than objects with an identity.

/** Texts that one owner is remembered with; the oldest goes first. */
const rememberedTexts = 20_000;

/** Values that were made before, by owner (as long as it lives) and text. */
export function remembering<R>(): (owner: object, text: string, make: () => R) => R {
  const byOwner = new WeakMap<object, Map<string, { readonly value: R }>>();
  return (owner, text, make) => {
    const known = byOwner.get(owner) ?? new Map<string, { readonly value: R }>();
    byOwner.set(owner, known);
    const entry = known.get(text) ?? { value: make() };
    known.set(text, entry);
    const [oldest] = known.keys();
    if (known.size > rememberedTexts && oldest !== undefined) known.delete(oldest);
    return entry.value;
  };
}
