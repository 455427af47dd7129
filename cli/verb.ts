// What a verb of the command line is.
import type { Writable } from "node:stream";

/** Where a verb writes and what it may be interrupted by. */
export interface Io {
  readonly out: Writable;
  readonly err: Writable;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** 0 done (warnings included), 1 the answer is no (findings, a check that failed), 2 could not run. */
export type ExitCode = 0 | 1 | 2;

export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** Shown by `pillion VERB --help`. */
  readonly usage: string;
  run(args: readonly string[], io: Io): Promise<ExitCode>;
}
