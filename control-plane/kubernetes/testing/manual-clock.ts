// Time for tests.
import type { Clock } from "../../clock.ts";

/** A clock that goes only when it is told to. */
export function manualClock(startMs: number): { readonly clock: Clock; readonly goTo: (timeMs: number) => void } {
  let nowMs = startMs;
  let due: { readonly timeMs: number; readonly run: () => void; readonly signal: AbortSignal }[] = [];
  const clock: Clock = {
    now: () => nowMs,
    at: (timeMs, signal, run) => void due.push({ timeMs: Math.max(timeMs, nowMs), run, signal }),
  };
  const goTo = (timeMs: number): void => {
    nowMs = timeMs;
    const ready = due.filter((one) => one.timeMs <= timeMs);
    due = due.filter((one) => one.timeMs > timeMs);
    for (const { run, signal } of ready) if (!signal.aborted) run();
  };
  return { clock, goTo };
}
