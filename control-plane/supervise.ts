// A task that nobody waits for must not die in silence: when one ends by itself, the process says so and ends too.
import { errorText } from "../base/error.ts";
import type { Logger } from "./log.ts";

/** Runs background tasks. `failed` is resolved with the first one that ended although nobody asked it to. */
export interface Supervisor {
  /** Hand over a task; it may end without trouble only after `signal` was aborted. */
  readonly supervise: (name: string, task: Promise<unknown>) => void;
  readonly failed: Promise<string>;
}

/** A supervisor for tasks that live until `signal` is aborted. */
export function createSupervisor(log: Logger, signal: AbortSignal): Supervisor {
  let fail: (name: string) => void = () => undefined;
  const failed = new Promise<string>((resolve) => {
    fail = resolve;
  });
  const ended = (name: string, cause: string): void => {
    if (signal.aborted) return;
    log.error({ task: name, cause }, "background task ended");
    fail(name);
  };
  return {
    failed,
    supervise: (name, task) => {
      task.then(
        () => ended(name, "it returned"),
        (thrown: unknown) => ended(name, errorText(thrown)),
      );
    },
  };
}
