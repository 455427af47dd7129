// What the echo server says that reached it.
import type { Answer } from "./answer.ts";

export interface Echoed {
  /** "v1" or "v2"; "none" where no echo server answered. */
  readonly version: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The attempt that Envoy counted, from 1. */
  readonly attempt: number;
  /** How often this server was asked with the same path and `?key=`. */
  readonly tries: number;
}

const nobody: Echoed = { version: "none", path: "", headers: {}, attempt: Number.NaN, tries: Number.NaN };

/** The echo in an answer. */
export function echoed(answer: Answer): Echoed {
  try {
    return { ...nobody, ...(JSON.parse(answer.body) as Partial<Echoed>) }; // our own sample's form
  } catch {
    // Envoy's own answers are no JSON: nobody echoed.
    return nobody;
  }
}
