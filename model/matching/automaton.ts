// Is there a text that some expressions match and others do not? Answered by walking all of their automata at once, shortest
// texts first.
import { alphabet, type CharSet, type Regex } from "./regex-syntax.ts";

/** States that are looked at before the answer is "unknown". */
export const mostStates = 10_000;

interface State {
  readonly always: number[];
  /** Followed only before the first character. */
  readonly atBegin: number[];
  /** Followed only after the last one. */
  readonly atEnd: number[];
  set: CharSet;
  next: number;
}

interface Automaton {
  readonly states: readonly State[];
  readonly start: number;
  readonly end: number;
}

/** A text, or that there is none, or that the search was given up. */
export type TextAnswer =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "none" }
  | { readonly type: "unknown" };

/** The shortest text that all of `matching` match and none of `failing`. */
export function findText(matching: readonly Regex[], failing: readonly Regex[]): TextAnswer {
  const regexes = [...matching, ...failing];
  const automata: Automaton[] = [];
  for (const regex of regexes) {
    const automaton = build(regex);
    if (automaton === undefined) return { type: "unknown" };
    automata.push(automaton);
  }
  return search(automata, matching.length);
}

function search(automata: readonly Automaton[], matching: number): TextAnswer {
  const chars = representatives(automata);
  const first = automata.map((automaton) => closure(automaton, [automaton.start], true, false));
  const queue: { readonly sets: readonly (readonly number[])[]; readonly text: string }[] = [{ sets: first, text: "" }];
  const seen = new Set([keyOf(first)]);
  for (let at = 0; at < queue.length; at++) {
    const { sets, text } = queue[at] ?? { sets: [], text: "" };
    const ends = automata.map((automaton, index) => hasEnded(automaton, sets[index] ?? [], text === ""));
    if (ends.every((isAtEnd, index) => isAtEnd === index < matching)) return { type: "text", text };
    for (const char of chars) {
      const next = automata.map((automaton, index) => step(automaton, sets[index] ?? [], char));
      if (next.slice(0, matching).some((set) => set.length === 0)) continue;
      const key = keyOf(next);
      if (seen.has(key)) continue;
      if (seen.size >= mostStates) return { type: "unknown" };
      seen.add(key);
      queue.push({ sets: next, text: text + char });
    }
  }
  return { type: "none" };
}

function keyOf(sets: readonly (readonly number[])[]): string {
  return sets.map((set) => set.join(",")).join(";");
}

function hasEnded(automaton: Automaton, set: readonly number[], isBegin: boolean): boolean {
  return closure(automaton, set, isBegin, true).includes(automaton.end);
}

function step(automaton: Automaton, set: readonly number[], char: string): readonly number[] {
  const bit = bitOf(char);
  const reached = set.flatMap((index) => {
    const state = automaton.states[index];
    return state !== undefined && (state.set & bit) !== 0n ? [state.next] : [];
  });
  return closure(automaton, reached, false, false);
}

function closure({ states }: Automaton, from: readonly number[], isBegin: boolean, isEnd: boolean): readonly number[] {
  const found = new Set(from);
  for (const index of found) {
    const state = states[index];
    if (state === undefined) continue;
    for (const next of state.always) found.add(next);
    if (isBegin) for (const next of state.atBegin) found.add(next);
    if (isEnd) for (const next of state.atEnd) found.add(next);
  }
  return [...found].sort((a, b) => a - b);
}

/** Letters first, so that a witness reads well. */
const byReadability = [...alphabet].sort((a, b) => rank(a) - rank(b));

function rank(char: string): number {
  const order = [/[a-z]/, /[0-9]/, /[A-Z]/, /[-_./]/, /[^ ]/, /./];
  return order.findIndex((pattern) => pattern.test(char));
}

/** One character for each group of characters that no automaton tells apart, the most readable. */
function representatives(automata: readonly Automaton[]): readonly string[] {
  let groups: readonly CharSet[] = [everyChar];
  for (const set of new Set(automata.flatMap(({ states }) => states.map((state) => state.set)))) {
    if (groups.every((group) => (group & set) === 0n || (group & ~set) === 0n)) continue;
    groups = groups.flatMap((group) => [group & set, group & ~set]).filter((group) => group !== 0n);
  }
  const left = new Set(groups);
  return byReadability.filter((char) => {
    const bit = bitOf(char);
    for (const group of left) if ((group & bit) !== 0n) return left.delete(group);
    return false;
  });
}

function bitOf(char: string): CharSet {
  return bits[char.charCodeAt(0) - 32] ?? 0n;
}

const bits: readonly CharSet[] = Array.from(alphabet, (_, index) => 1n << BigInt(index));
const everyChar = bits.reduce((all, bit) => all | bit, 0n);

/** Thompson's construction; undefined when it would grow beyond the limit. */
function build(regex: Regex): Automaton | undefined {
  const states: State[] = [];
  const add = (): number => {
    states.push({ always: [], atBegin: [], atEnd: [], set: 0n, next: 0 });
    return states.length - 1;
  };
  const link = (from: number, to: number): void => void states[from]?.always.push(to);
  /** Adds what leads from `from` to the state that it gives; undefined when there are too many states. */
  const append = (part: Regex, from: number): number | undefined => {
    if (states.length > mostStates) return undefined;
    switch (part.type) {
      case "chars": {
        const [state, to] = [states[from], add()];
        if (state === undefined) return undefined;
        const own = add();
        link(from, own);
        Object.assign(states[own] ?? {}, { set: part.set, next: to });
        return to;
      }
      case "begin":
      case "end": {
        const to = add();
        states[from]?.[part.type === "begin" ? "atBegin" : "atEnd"].push(to);
        return to;
      }
      case "all": {
        // A state of its own, so that what loops back into it does not meet what came before.
        let at: number | undefined = from;
        for (const each of part.parts) if (at !== undefined) at = append(each, at);
        return at;
      }
      case "one": {
        const to = add();
        for (const each of part.parts) {
          const start = add();
          link(from, start);
          const end = append(each, start);
          if (end === undefined) return undefined;
          link(end, to);
        }
        return to;
      }
      case "repeat":
        return repeat(part, from);
    }
  };
  const repeat = (part: Regex & { type: "repeat" }, from: number): number | undefined => {
    let at: number | undefined = from;
    for (let count = 0; count < part.least && at !== undefined; count++) at = append(part.part, at);
    if (at === undefined) return undefined;
    const to = add();
    if (part.most === Number.POSITIVE_INFINITY) {
      const loop = add();
      link(at, loop);
      const end = append(part.part, loop);
      if (end === undefined) return undefined;
      link(end, loop);
      link(loop, to);
      return to;
    }
    for (let count = part.least; count < part.most && at !== undefined; count++) {
      link(at, to);
      at = append(part.part, at);
    }
    if (at === undefined) return undefined;
    link(at, to);
    return to;
  };
  const start = add();
  const end = append(regex, start);
  return end === undefined ? undefined : { states, start, end };
}
