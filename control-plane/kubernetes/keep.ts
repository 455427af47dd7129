// Something that must stay as it should be: brought into order now, when somebody says so, and from time to time.
import { errorText } from "../../base/error.ts";
import type { Logger } from "../log.ts";
import { pause } from "../until.ts";
import { isSameProblem } from "./events.ts";

/** A piece of work that is done again and again, never twice at once. */
export interface Kept {
  /** Do it (again) soon. */
  poke(): void;
  /** Ends when the signal is aborted; never rejects. */
  readonly done: Promise<void>;
}

export interface KeepOptions {
  /** What is brought into order, for the log. */
  readonly name: string;
  readonly log: Pick<Logger, "info" | "warn">;
  /** Without a poke it is looked after so often. */
  readonly everyMs: number;
  /** Pokes that come faster are joined; 0 by default. */
  readonly restMs?: number;
  /** Failures in a row that are nothing special; 0 by default. */
  readonly patience?: number;
  /** Told after each time: a sentence, or (undefined) that it worked. */
  readonly onOutcome?: (problem: string | undefined) => void;
  readonly task: () => Promise<void>;
}

/** The first wait after a failure, and the longest. */
const firstRetryMs = 500;
const longestRetryMs = 15_000;

/** Keep it in order until `signal` is aborted. A failure is logged and tried again. */
export function keep(options: KeepOptions, signal: AbortSignal): Kept {
  const { name, log, patience = 0, onOutcome = () => undefined } = options;
  let failures = 0;
  let isWell = false;
  /** A trouble that lasts is one line in the log. */
  let told: string | undefined;
  let wake = new AbortController();
  const once = async (): Promise<number> => {
    try {
      await options.task();
      if (!isWell) log.info({ task: name }, "in order");
      isWell = true;
      told = undefined;
      failures = 0;
      onOutcome(undefined);
      return options.everyMs;
    } catch (thrown) {
      if (signal.aborted) return 0;
      const problem = errorText(thrown);
      failures += 1;
      if (failures > patience) {
        isWell = false;
        if (!isSameProblem(told, problem)) log.warn({ task: name, problem }, "not in order; it is tried again");
        told = problem;
        onOutcome(problem);
      }
      return Math.min(firstRetryMs * 2 ** (failures - 1), longestRetryMs);
    }
  };
  const poke = (): void => wake.abort();
  // Not AbortSignal.any() in each turn: Node keeps what that leaves at the signal for as long as the process lives.
  signal.addEventListener("abort", poke, { once: true });
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      wake = new AbortController();
      const waitMs = await once();
      await pause(waitMs, wake.signal);
      await pause(options.restMs ?? 0, signal);
    }
  };
  return { poke, done: run() };
}

/** The result of `task`, tried until it works; undefined when `signal` is aborted before. */
export async function untilItWorks<T extends object>(
  name: string,
  task: () => Promise<T>,
  deps: Pick<KeepOptions, "log" | "onOutcome">,
  signal: AbortSignal,
): Promise<T | undefined> {
  let result: T | undefined;
  const worked = new AbortController();
  const once = async (): Promise<void> => {
    result = await task();
    worked.abort();
  };
  await keep({ name, everyMs: 0, task: once, ...deps }, AbortSignal.any([signal, worked.signal])).done;
  return result;
}
