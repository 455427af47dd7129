// Remembering by identity: the same inputs give the very same output, so "did it change" is one comparison.

/** Results are kept as long as their first object argument lives. */
interface Place {
  readonly byObject: WeakMap<object, Place>;
  readonly byValue: Map<unknown, Place>;
  result?: { readonly value: unknown };
}

const newPlace = (): Place => ({ byObject: new WeakMap(), byValue: new Map() });

/** Values (names, say) that one object is remembered with: a client may ask for any, so the oldest goes first. */
export const rememberedValues = 20_000;

/** Where one more argument leads. */
function step(from: Place, argument: unknown): Place {
  const isObject = typeof argument === "object" && argument !== null;
  const known = isObject ? from.byObject.get(argument) : from.byValue.get(argument);
  if (known !== undefined) return known;
  const next = newPlace();
  if (isObject) from.byObject.set(argument, next);
  else from.byValue.set(argument, next);
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
