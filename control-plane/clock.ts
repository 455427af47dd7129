// Where time comes in.

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Call `run` once at that time (or at once when it has passed), unless `signal` is aborted before. */
  at(timeMs: number, signal: AbortSignal, run: () => void): void;
}

/** Longest wait that Node's timers take; a longer one is cut into several. */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  at: (timeMs, signal, run) => {
    if (signal.aborted) return;
    const waitMs = Math.min(Math.max(timeMs - Date.now(), 0), longestTimerMs);
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      if (Date.now() >= timeMs) run();
      else systemClock.at(timeMs, signal, run);
    }, waitMs);
    timer.unref();
    const stop = (): void => clearTimeout(timer);
    signal.addEventListener("abort", stop, { once: true });
  },
};
