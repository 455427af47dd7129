// What a watch does after each attempt: go on, wait, or list again. Pure: chance comes in as an argument.
import type { Outcome } from "./outcome.ts";

/** Where a watch stands. */
export interface Progress {
  /** Everything up to this resourceVersion is known; undefined: list first. */
  readonly version: string | undefined;
  /** Attempts in a row that brought nothing. */
  readonly failures: number;
  /** Answers in a row that made no sense. */
  readonly garbled: number;
  /** Answers in a row that say that there is no such resource. */
  readonly absences: number;
}

/** What to do next. */
export interface Step {
  readonly after: Progress;
  /** Time before the next attempt. */
  readonly waitMs: number;
}

/** Nothing is known yet. */
export const beginning: Progress = { version: undefined, failures: 0, garbled: 0, absences: 0 };

/** An API server that starts again is found soon; one that stays away is not asked all the time. */
const firstWaitMs = 100;
const longestWaitMs = 10_000;
/** A CRD or a right may come at any time, mostly from somebody who looks at the screen. */
const watchAgainMs = 3_000;
/** `Retry-After` beyond this is not believed. */
const longestRetryAfterMs = 60_000;
/** After so many answers without sense a list may show what a watch can't. */
const garbledLimit = 3;
/**
 * An API server that starts answers 404 for a moment before it has read its CRDs. Only so many of them in a row mean that
 * there is nothing, or that what was known is gone.
 */
export const absencesUntilBelieved = 3;
/** Whoever starts waits for that, so these come sooner one after the other. */
const doubtMs = 1_000;

/** The step after this outcome; `random` is from 0 to 1. */
export function step(before: Progress, outcome: Outcome, random: number): Step {
  const { version } = before;
  const failures = before.failures + 1;
  const failed: Progress = { version, failures, garbled: 0, absences: 0 };
  switch (outcome.type) {
    case "listed":
      return { after: { ...beginning, version: outcome.version }, waitMs: 0 };
    case "ended":
      if (outcome.heard) return { after: { ...beginning, version }, waitMs: 0 };
      return { after: failed, waitMs: backoffMs(failures, random) };
    case "expired":
      // The first time at once: whoever was away for long has much to catch up with.
      return {
        after: { ...failed, version: undefined },
        waitMs: before.failures === 0 ? 0 : backoffMs(failures, random),
      };
    case "absent": {
      const absences = before.absences + 1;
      return {
        after: { ...failed, version: undefined, absences },
        waitMs: around(absences < absencesUntilBelieved ? doubtMs : watchAgainMs, random),
      };
    }
    case "refused":
      return { after: failed, waitMs: around(watchAgainMs, random) };
    case "busy": {
      const askedMs = Math.min(outcome.retryAfterMs ?? 0, longestRetryAfterMs);
      return { after: failed, waitMs: askedMs + backoffMs(failures, random) };
    }
    case "garbled": {
      const garbled = (before.garbled + 1) % garbledLimit;
      return {
        after: { ...failed, garbled, version: garbled === 0 ? undefined : version },
        waitMs: backoffMs(failures, random),
      };
    }
    case "broken":
      return { after: failed, waitMs: backoffMs(failures, random) };
  }
}

/** Doubles with each failure; half of it is chance, so that replicas do not come back all at once. */
function backoffMs(failures: number, random: number): number {
  return Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + random / 2);
}

function around(ms: number, random: number): number {
  return ms * (0.5 + random);
}
