// The automaton of an expression. It becomes deterministic state by state, as it is walked: what is looked at once costs nothing
// the next time, and the same expression is compared with many others.
import { alphabet, type CharSet, type Regex } from "./regex-syntax.ts";

/** States that are looked at before the answer is "unknown". */
export const mostStates = 10_000;

/** The state from which no text goes on. */
export const dead = -1;
/** The state before the first character. */
export const start = 0;

/** Tells texts that match an expression from those that do not, character by character. */
export interface Automaton {
  /** The group of each character of the alphabet: those of one group lead to the same state from everywhere. */
  readonly groups: readonly number[];
  next(state: number, group: number): number;
  /** Whether a text that leads here matches. */
  isEnd(state: number): boolean;
  /** Let go of what was found out, where that is much. Numbers of states mean nothing any more. */
  shrink(): void;
}

/** States that are kept from one walk to the next. */
const mostKept = 1_000;

/** undefined where the expression is too large. */
export function automatonOf(regex: Regex): Automaton | undefined {
  const parts = build(regex);
  if (parts === undefined) return undefined;
  const groups = groupsOf(parts.states.map(({ set }) => set));
  /** A character for each group. */
  const bits = [...new Set(groups)].map((group) => bitAt(groups.indexOf(group)));
  let found = statesFrom(parts);
  return {
    groups,
    next: (state, group) => {
      if (state === dead) return dead;
      const from = found.states[state];
      if (from === undefined) return dead;
      const known = from.next[group];
      if (known !== undefined) return known;
      const to = found.idOf(step(parts, from.set, bits[group] ?? 0n));
      from.next[group] = to;
      return to;
    },
    isEnd: (state) => found.states[state]?.isEnd ?? false,
    shrink: () => {
      if (found.states.length > mostKept) found = statesFrom(parts);
    },
  };
}

/** Whether a text matches; undefined where it holds characters that no request has. */
export function matches(automaton: Automaton, text: string): boolean | undefined {
  let state = start;
  for (let at = 0; at < text.length && state !== dead; at++) {
    const group = automaton.groups[text.charCodeAt(at) - firstCode];
    if (group === undefined) return undefined;
    state = automaton.next(state, group);
  }
  return automaton.isEnd(state);
}

const firstCode = 32;

interface Found {
  /** States of the expression that a text may be in at once. */
  readonly set: readonly number[];
  readonly next: (number | undefined)[];
  readonly isEnd: boolean;
}

/** The first state, which no other text leads back to: there alone a text may begin. */
function statesFrom(parts: Parts) {
  const found = (set: readonly number[], isBegin: boolean): Found => {
    return { set, next: [], isEnd: closure(parts, set, isBegin, true).includes(parts.end) };
  };
  const states: Found[] = [found(closure(parts, [parts.start], true, false), true)];
  const ids = new Map<string, number>();
  const idOf = (set: readonly number[]): number => {
    if (set.length === 0) return dead;
    const key = set.join(",");
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, states.length);
    states.push(found(set, false));
    return states.length - 1;
  };
  return { states, idOf };
}

function step(parts: Parts, set: readonly number[], bit: CharSet): readonly number[] {
  const reached = set.flatMap((index) => {
    const state = parts.states[index];
    return state !== undefined && (state.set & bit) !== 0n ? [state.next] : [];
  });
  return closure(parts, reached, false, false);
}

function closure({ states }: Parts, from: readonly number[], isBegin: boolean, isEnd: boolean): readonly number[] {
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

/** Numbers for the characters, the same for those that stand in the same sets. */
function groupsOf(sets: readonly CharSet[]): readonly number[] {
  const different = [...new Set(sets)];
  const numbers = new Map<string, number>();
  return alphabet.map((_, index) => {
    const key = different.map((set) => ((set & bitAt(index)) === 0n ? "0" : "1")).join("");
    const known = numbers.get(key) ?? numbers.size;
    numbers.set(key, known);
    return known;
  });
}

const bits: readonly CharSet[] = Array.from(alphabet, (_, index) => 1n << BigInt(index));
const bitAt = (index: number): CharSet => bits[index] ?? 0n;

interface State {
  readonly always: number[];
  /** Followed only before the first character. */
  readonly atBegin: number[];
  /** Followed only after the last one. */
  readonly atEnd: number[];
  set: CharSet;
  next: number;
}

/** What the construction gives: several states at once, and steps without a character. */
interface Parts {
  readonly states: readonly State[];
  readonly start: number;
  readonly end: number;
}

/** Thompson's construction; undefined when it would grow beyond the limit. */
function build(regex: Regex): Parts | undefined {
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
  const first = add();
  const end = append(regex, first);
  return end === undefined ? undefined : { states, start: first, end };
}
