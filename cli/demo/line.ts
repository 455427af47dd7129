// One line of the walkthrough: what is asked of the running mesh, what is expected, and what was seen.
import type { DemoMesh } from "./mesh.ts";

export interface Line {
  readonly asked: string;
  readonly expected: string;
  /**
   * Ask. Rules that it applies are taken away again afterwards.
   * @returns what was seen, in a few words
   * @throws {Mismatch} when it is not what was expected
   */
  check(mesh: DemoMesh): Promise<string>;
}

/** The mesh answered something else. The message is what was seen. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** Go on only if this is so. */
export function expectThat(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new Mismatch(seen);
}

/** Longest that a rule may take to show, in milliseconds. Generous: the machine may be busy. */
const patienceMs = 10_000;

/**
 * Try until it does not throw a {@link Mismatch} any more: rules take a moment to arrive.
 * @throws {Mismatch} the last one, when patience is over
 */
export async function eventually<T>(attempt: () => Promise<T>, withinMs = patienceMs): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof Mismatch) || performance.now() > end) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** How often each value occurs, as "v1 201, v2 199". */
export function tally(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of [...values].sort()) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** "v1 201, v2 199" */
export function tallyText(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([value, count]) => `${value} ${count}`).join(", ");
}

/** Whether `count` of `total` is within four standard deviations of the share that was asked for (binomial). */
export function isNearShare(count: number, total: number, share: number): boolean {
  return Math.abs(count - total * share) <= 4 * Math.sqrt(total * share * (1 - share));
}
