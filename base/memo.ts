// Remembering by identity: the same inputs give the very same output, so "did it change" is one comparison.

/** Results are kept as long as their first object argument lives. */
interface Node {
  readonly byObject: WeakMap<object, Node>;
  readonly byValue: Map<unknown, Node>;
  result?: { readonly value: unknown };
}

const node = (): Node => ({ byObject: new WeakMap(), byValue: new Map() });

function step(from: Node, argument: unknown): Node {
  if (typeof argument === "object" && argument !== null) {
    let next = from.byObject.get(argument);
    if (next === undefined) from.byObject.set(argument, (next = node()));
    return next;
  }
  let next = from.byValue.get(argument);
  if (next === undefined) from.byValue.set(argument, (next = node()));
  return next;
}

/**
 * A pure function that remembers its results: objects are compared by identity (and not kept alive), other values by value.
 * The first argument must be an object, so that a result can go when that object goes.
 */
export function memoize<A extends readonly [object, ...unknown[]], R>(compute: (...inputs: A) => R): (...inputs: A) => R {
  const root = node();
  return (...inputs) => {
    let place = root;
    for (const input of inputs) place = step(place, input);
    place.result ??= { value: compute(...inputs) };
    return place.result.value as R; // The node at this place was filled by this same function.
  };
}
