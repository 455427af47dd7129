// Our own mistakes crash at once with a sentence; they are never turned into an answer for a user.

/**
 * Crash when one of our own beliefs is wrong.
 * @throws {Error} with `sentence`, prefixed so that a reader knows it is a bug of Pillion.
 */
export function assert(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new Error(`Bug in Pillion: ${sentence}`);
}

/** Make the compiler prove that a switch handles every case; crashes if data from outside got past a parser. */
export function assertNever(value: never, sentence = "a case is not handled"): never {
  throw new Error(`Bug in Pillion: ${sentence}: ${JSON.stringify(value)}`);
}
