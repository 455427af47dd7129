/**
 * Flags as Go programs take them: `-qps 0`, `-qps=0`, `--qps 0`, switches without a value, and words in between.
 * The load program and httpbin stand in for Go and Python programs whose commands people have in their fingers.
 */

/** What a command line said. */
export interface Flags {
  /** The last value of each flag; a switch has "true". */
  readonly values: ReadonlyMap<string, string>;
  /** Every value of flags that may come more than once. */
  all(name: string): readonly string[];
  /** The words that are no flags. */
  readonly words: readonly string[];
}

/** Reads `args`; a flag takes the next word as its value unless it is named in `switches`. @throws Error when it has none. */
export function parseFlags(args: readonly string[], switches: ReadonlySet<string>): Flags {
  const given: { name: string; value: string }[] = [];
  const words: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? "";
    const [, name, value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) words.push(arg);
    else if (value !== undefined) given.push({ name, value });
    else if (switches.has(name)) given.push({ name, value: "true" });
    else {
      index += 1;
      const next = args[index];
      if (next === undefined) throw new Error(`flag -${name} needs a value.`);
      given.push({ name, value: next });
    }
  }
  return {
    values: new Map(given.map(({ name, value }) => [name, value])),
    all: (name) => given.filter((flag) => flag.name === name).map((flag) => flag.value),
    words,
  };
}

/** A flag's number. @throws Error when its value is none. */
export function numberFlag(flags: Flags, name: string, fallback: number): number {
  const text = flags.values.get(name);
  if (text === undefined) return fallback;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`flag -${name} takes a number, not "${text}".`);
  return number;
}
