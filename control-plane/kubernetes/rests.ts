// Namespaces that are left alone for a while: somebody else wrote there a moment ago, or the API server refused what we wrote.
import type { Clock } from "../clock.ts";

/** Why a namespace is left alone for now. */
interface Rest {
  readonly untilMs: number;
  /** Rests in a row. */
  readonly count: number;
  /** What the API server had against it; undefined where somebody else wrote. */
  readonly refusal: string | undefined;
  /** Our turn has been. */
  readonly isUsed: boolean;
}

/** The first rest and the longest; each is twice as long as the one before. */
const firstMs = 2_000;
const longestMs = 60_000;
/** Our turn after a rest, before another rest may begin. */
const turnMs = 1_000;
/** Who was left in peace for so long begins anew. */
const forgottenMs = 300_000;

/** Rests by namespace. `onOver` is called when one is over. */
export class Rests {
  readonly #rests = new Map<string, Rest>();
  readonly #clock: Clock;
  readonly #onOver: () => void;
  readonly #signal: AbortSignal;

  constructor(clock: Clock, onOver: () => void, signal: AbortSignal) {
    this.#clock = clock;
    this.#onOver = onOver;
    this.#signal = signal;
  }

  /** Somebody else wrote: begin a rest, unless there is one, or it is our turn. */
  take(namespace: string): void {
    const last = this.#rests.get(namespace);
    const isOurTurn = last?.isUsed === false && this.#clock.now() < last.untilMs + turnMs;
    if (!isOurTurn) this.#begin(namespace, undefined);
  }

  /** It did not take what was written. */
  refused(namespace: string, refusal: string): void {
    this.#begin(namespace, refusal);
  }

  #begin(namespace: string, refusal: string | undefined): void {
    const now = this.#clock.now();
    const last = this.#rests.get(namespace);
    const count = last === undefined || now - last.untilMs > forgottenMs ? 0 : last.count;
    const untilMs = now + Math.min(firstMs * 2 ** count, longestMs);
    this.#rests.set(namespace, { untilMs, count: count + 1, refusal, isUsed: false });
    this.#clock.at(untilMs, this.#signal, this.#onOver);
  }

  isResting(namespace: string): boolean {
    return (this.#rests.get(namespace)?.untilMs ?? 0) > this.#clock.now();
  }

  /** It took what was written. */
  accepted(namespace: string): void {
    const rest = this.#rests.get(namespace);
    if (rest === undefined) return;
    if (rest.refusal === undefined) this.#rests.set(namespace, { ...rest, isUsed: true });
    else this.#rests.delete(namespace);
  }

  /** Something else is to be written now, which nobody has undone yet. */
  startAnew(): void {
    for (const [namespace, rest] of this.#rests) {
      if (rest.refusal === undefined) this.#rests.set(namespace, { ...rest, untilMs: 0 });
    }
  }

  /** Only these namespaces are there. */
  keepOnly(namespaces: ReadonlySet<string>): void {
    for (const namespace of this.#rests.keys()) if (!namespaces.has(namespace)) this.#rests.delete(namespace);
  }

  /** What the API server had against each that refused. */
  refusals(): readonly (readonly [namespace: string, refusal: string])[] {
    return [...this.#rests].flatMap(([namespace, { refusal }]) =>
      refusal === undefined ? [] : [[namespace, refusal] as const],
    );
  }
}
