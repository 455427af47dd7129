// The world failed: a port in use, a broken certificate, an API server that is away. One class, told apart by its code.

/** What each code means stands where it is thrown. */
export type ErrorCode = Uppercase<string>;

/** The parts of a message that a person at 3 a.m. needs. */
export interface ErrorParts {
  /** What is wrong, with the present value. No full stop. */
  readonly problem: string;
  /** What follows from it. No full stop. */
  readonly reason?: string;
  /** What to do. No full stop. */
  readonly fix: string;
  readonly cause?: unknown;
}

/** A failure outside of Pillion. Its message begins with the code, because many tools show nothing but the message. */
export class PillionError extends Error {
  override readonly name = "PillionError";
  readonly code: ErrorCode;
  readonly problem: string;
  readonly fix: string;

  constructor(code: ErrorCode, parts: ErrorParts) {
    const sentences = [parts.problem, parts.reason, parts.fix].filter((text) => text !== undefined);
    super(`${code}: ${sentences.join(". ")}.`, parts.cause === undefined ? {} : { cause: parts.cause });
    this.code = code;
    this.problem = parts.problem;
    this.fix = parts.fix;
  }
}

/** The message of anything that was thrown, with those causes that it does not name itself, on one line. */
export function errorText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? "" : errorText(thrown.cause);
  return thrown.message.includes(cause) ? thrown.message : `${thrown.message} (${cause})`;
}
