// Remembering by identity: the same inputs give the very same output, so "did it change" is one comparison.

/** Results are kept as long as their first object argument lives. Most places lead nowhere further, and have no maps. */
interface Place {
  byObject: WeakMap<object, Place> | undefined;
  byValue: Map<unknown, Place> | undefined;
  result: { readonly value: unknown } | undefined;
}

const newPlace = (): Place => ({ byObject: undefined, byValue: undefined, result: undefined });

/** Values (names, say) that one object is remembered with: a client may ask for any, so the oldest goes first. */
export const rememberedValues = 20_000;

/** Where one more argument leads. */
function step(from: Place, argument: unknown): Place {
  if (typeof argument === "object" && argument !== null) {
    from.byObject ??= new WeakMap();
    const known = from.byObject.get(argument);
    if (known !== undefined) return known;
    const next = newPlace();
    from.byObject.set(argument, next);
    return next;
  }
  from.byValue ??= new Map();
  const known = from.byValue.get(argument);
  if (known !== undefined) return known;
  const next = newPlace();
  from.byValue.set(argument, next);
  if (from.byValue.size > rememberedValues) from.byValue.delete(from.byValue.keys().next().value);
  return next;
}

/**
 * A pure function that remembers its results: objects are compared by identity (and not kept alive), other values by value.
 * The first argument must be an object, so that a result can go when that object goes.
 */
export function memoize<A extends readonly [object, ...unknown[]], R>(
  compute: (...inputs: A) => R,
): (...inputs: A) => R {
  const root = newPlace();
  return (...inputs) => {
    let place = root;
    for (const input of inputs) place = step(place, input);
    place.result ??= { value: compute(...inputs) };
    return place.result.value as R; // The result at this place was put there by this same function.
  };
}

/** Longer texts are seldom seen twice, and a memory of many would be large. */
const longestText = 4_000;

/**
 * A memory of what was computed for a text. It is as good as computing: `compute` must depend on nothing but the text. The
 * texts that were asked for first are forgotten first, beyond `most` of them.
 */
export function memoizeTexts<R>(most = rememberedValues): (text: string, compute: () => R) => R {
  const known = new Map<string, { readonly value: R }>();
  return (text, compute) => {
    const found = known.get(text);
    if (found !== undefined) return found.value;
    const value = compute();
    if (text.length > longestText) return value;
    known.set(text, { value });
    if (known.size > most) known.delete(known.keys().next().value ?? "");
    return value;
  };
}
