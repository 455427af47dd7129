// Sets of texts as StringMatches describe them: do two have one in common, does one hold all of another?
import type { StringMatch } from "../../api/http-route.ts";
import { memoizeTexts } from "../../base/memo.ts";
import { type Automaton, automatonOf, matches } from "./automaton.ts";
import { findText, type TextAnswer } from "./find-text.ts";
import { anything, literal, parseRegex, type Regex } from "./regex-syntax.ts";

/** A condition on a text. */
export interface TextMatch {
  readonly match: StringMatch;
  readonly ignoreCase?: boolean;
}

/** What a text has to fulfil. */
export interface TextConditions {
  readonly matching: readonly TextMatch[];
  readonly failing?: readonly TextMatch[];
  /** Expression for texts that can occur at all, simple enough to be understood here. */
  readonly base: string;
}

/** The shortest text that fulfils all conditions. */
export function textFor({ matching, failing = [], base }: TextConditions): TextAnswer {
  const simple = failing.length === 0 ? simpleText(matching) : undefined;
  if (simple !== undefined) return simple;
  const conditions = { matching, failing, base };
  return answers(JSON.stringify(conditions), () => searched(conditions));
}

/** The same conditions come again with every change of their object. */
const answers = memoizeTexts<TextAnswer>();

function searched({ matching, failing, base }: Required<TextConditions>): TextAnswer {
  const wanted = [{ match: { regex: base } }, ...matching].map(automatonFor);
  const unwanted = failing.map(automatonFor);
  if (![...wanted, ...unwanted].every(isKnown)) return { type: "unknown" };
  return findText(wanted.filter(isKnown), unwanted.filter(isKnown));
}

/** Whether a condition asks for nothing but that there is a text. */
export function isOpen({ exact, prefix, regex }: StringMatch): boolean {
  return exact === undefined && (prefix === undefined || prefix === "") && (regex === undefined || regex === "*");
}

/** Whether every text that fulfils the conditions matches, too; false also when that cannot be told. */
export function implies(conditions: TextConditions, wanted: TextMatch): boolean {
  if (isOpen(wanted.match)) return true;
  const [only, ...others] = conditions.matching;
  if (only !== undefined && others.length === 0 && (conditions.failing ?? []).length === 0) {
    const simple = simplyImplies(only, wanted);
    if (simple !== undefined) return simple;
  }
  if (conditions.matching.some((one) => beginApart(one, wanted))) return false;
  // Most conditions are settled by one example.
  const example = textFor(conditions);
  const automaton = automatonFor(wanted);
  if (example.type === "text" && automaton !== undefined && matches(automaton, example.text) === false) return false;
  return textFor({ ...conditions, failing: [...(conditions.failing ?? []), wanted] }).type === "none";
}

/** Most conditions are exact texts and prefixes, which are compared without any automaton. */
function simpleText(matching: readonly TextMatch[]): TextAnswer | undefined {
  let exact: string | undefined;
  let prefix = "";
  for (const { match, ignoreCase } of matching) {
    if (isOpen(match)) continue;
    if (match.regex !== undefined || ignoreCase === true) return undefined;
    if (match.exact !== undefined) {
      if (exact !== undefined && exact !== match.exact) return { type: "none" };
      exact = match.exact;
    }
    const text = match.prefix ?? "";
    if (!text.startsWith(prefix) && !prefix.startsWith(text)) return { type: "none" };
    if (text.length > prefix.length) prefix = text;
  }
  if (exact === undefined) return prefix === "" ? undefined : { type: "text", text: prefix };
  return exact.startsWith(prefix) ? { type: "text", text: exact } : { type: "none" };
}

function simplyImplies(given: TextMatch, wanted: TextMatch): boolean | undefined {
  if (given.ignoreCase === true || wanted.ignoreCase === true) return undefined;
  if (wanted.match.regex !== undefined) return undefined;
  const text = given.match.exact ?? given.match.prefix;
  if (text === undefined || given.match.regex !== undefined) return undefined;
  if (wanted.match.exact !== undefined) return given.match.exact === wanted.match.exact;
  const prefix = wanted.match.prefix ?? "";
  if (text.startsWith(prefix)) return true;
  // A shorter beginning may be followed by nothing but the rest, where few texts can occur at all.
  return given.match.exact === undefined && prefix.startsWith(text) ? undefined : false;
}

/** Whether two conditions ask for texts that begin differently: most expressions do, and need no automaton. */
function beginApart(one: TextMatch, other: TextMatch): boolean {
  const isFolded = one.ignoreCase === true || other.ignoreCase === true;
  const [a, b] = [beginningOf(one.match), beginningOf(other.match)];
  const [left, right] = isFolded ? [a.toLowerCase(), b.toLowerCase()] : [a, b];
  return !left.startsWith(right) && !right.startsWith(left);
}

/** Characters that every matching text begins with. */
export function beginningOf({ exact, prefix, regex }: StringMatch): string {
  if (regex === undefined) return exact ?? prefix ?? "";
  if (regex.includes("|")) return "";
  const [plain = ""] = /^[^\\.[\](){}*+?^$]*/.exec(regex) ?? [];
  // What may be repeated may be missing.
  return /^[*?{]/.test(regex.slice(plain.length)) ? plain.slice(0, -1) : plain;
}

function regexOf({ match, ignoreCase = false }: TextMatch): Regex | undefined {
  if (isOpen(match)) return anything;
  if (match.exact !== undefined) return literal(match.exact, ignoreCase);
  if (match.prefix !== undefined) return { type: "all", parts: [literal(match.prefix, ignoreCase), anything] };
  return parseRegex(match.regex ?? "");
}

/** Automata that are kept: more than the expressions that one object has. */
const keptAutomata = 2_000;
const automata = memoizeTexts<Automaton | undefined>(keptAutomata);

/** undefined where the expression is not understood, or too large. */
function automatonFor(one: TextMatch): Automaton | undefined {
  return automata(JSON.stringify(one), () => {
    const regex = regexOf(one);
    return regex === undefined ? undefined : automatonOf(regex);
  });
}

function isKnown(automaton: Automaton | undefined): automaton is Automaton {
  return automaton !== undefined;
}
