// Is there a text that some expressions match and others do not? Answered by walking all of their automata at once, shortest
// texts first.
import { type Automaton, dead, mostStates, start } from "./automaton.ts";
import { alphabet } from "./regex-syntax.ts";

/** A text, or that there is none, or that the search was given up. */
export type TextAnswer =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "none" }
  | { readonly type: "unknown" };

/** The shortest text that all of `matching` match and none of `failing`. */
export function findText(matching: readonly Automaton[], failing: readonly Automaton[]): TextAnswer {
  const automata = [...matching, ...failing];
  const answer = search(automata, matching.length);
  for (const automaton of automata) automaton.shrink();
  return answer;
}

interface Reached {
  /** One state of each automaton. */
  readonly states: readonly number[];
  readonly text: string;
}

function search(automata: readonly Automaton[], matching: number): TextAnswer {
  const chars = representatives(automata);
  const first: Reached = { states: automata.map(() => start), text: "" };
  const queue: Reached[] = [first];
  const seen = new Set([first.states.join()]);
  for (let at = 0; at < queue.length; at++) {
    const { states, text } = queue[at] ?? first;
    if (automata.every((automaton, index) => automaton.isEnd(states[index] ?? dead) === index < matching))
      return { type: "text", text };
    for (const { char, groups } of chars) {
      const next = nextStates(automata, states, groups, matching);
      if (next === undefined) continue;
      const key = next.join();
      if (seen.has(key)) continue;
      if (seen.size >= mostStates) return { type: "unknown" };
      seen.add(key);
      queue.push({ states: next, text: text + char });
    }
  }
  return { type: "none" };
}

/** undefined where nothing that has to match goes on. */
function nextStates(
  automata: readonly Automaton[],
  states: readonly number[],
  groups: readonly number[],
  matching: number,
): readonly number[] | undefined {
  const next: number[] = [];
  for (const [index, automaton] of automata.entries()) {
    const to = automaton.next(states[index] ?? dead, groups[index] ?? 0);
    if (to === dead && index < matching) return undefined;
    next.push(to);
  }
  return next;
}

interface Representative {
  readonly char: string;
  /** Its group in each automaton. */
  readonly groups: readonly number[];
}

/** One character for each group of characters that no automaton tells apart, the most readable. */
function representatives(automata: readonly Automaton[]): readonly Representative[] {
  const found = new Map<string, Representative>();
  for (const index of byReadability) {
    const groups = automata.map((automaton) => automaton.groups[index] ?? 0);
    const key = groups.join();
    if (!found.has(key)) found.set(key, { char: alphabet[index] ?? "", groups });
  }
  return [...found.values()];
}

/** Places in the alphabet, letters first, so that a witness reads well. */
const byReadability = [...alphabet.keys()].sort((a, b) => rank(alphabet[a] ?? "") - rank(alphabet[b] ?? ""));

function rank(char: string): number {
  const order = [/[a-z]/, /[0-9]/, /[A-Z]/, /[-_./]/, /[^ ]/, /./];
  return order.findIndex((pattern) => pattern.test(char));
}
