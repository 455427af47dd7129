// Taking an RE2 expression apart, as far as the algebra of matches needs it. What single characters and classes mean is asked
// of RE2 itself, character by character: requests are ASCII, so 95 questions answer all.
import { RE2JS } from "re2js";
import { re2Fault } from "../re2.ts";

/** Characters of requests: printable ASCII. A set of them is a mask, bit 0 for the space. */
export const alphabet: readonly string[] = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

/** A set of characters. */
export type CharSet = bigint;

/** An expression, taken apart. */
export type Regex =
  | { readonly type: "chars"; readonly set: CharSet }
  | { readonly type: "all"; readonly parts: readonly Regex[] }
  | { readonly type: "one"; readonly parts: readonly Regex[] }
  | { readonly type: "repeat"; readonly part: Regex; readonly least: number; readonly most: number }
  | { readonly type: "begin" }
  | { readonly type: "end" };

/** What an expression is made of; undefined when it holds something that is not looked into here, such as \b, or is none. */
export function parseRegex(text: string): Regex | undefined {
  if (re2Fault(text) !== undefined) return undefined;
  const reader: Reader = { text, at: 0, flags: "" };
  const read = alternatives(reader);
  return reader.at === text.length ? read : undefined;
}

/** A text as an expression that matches it only. */
export function literal(text: string, ignoreCase = false): Regex {
  return { type: "all", parts: [...text].map((char) => ({ type: "chars", set: literalSet(char, ignoreCase) })) };
}

/** Any text. */
export const anything: Regex = {
  type: "repeat",
  part: { type: "chars", set: (1n << 95n) - 1n },
  least: 0,
  most: Number.POSITIVE_INFINITY,
};

interface Reader {
  readonly text: string;
  at: number;
  /** Letters of the flags in force, out of "ims". */
  flags: string;
}

function literalSet(char: string, ignoreCase: boolean): CharSet {
  const forms = ignoreCase ? [char.toLowerCase(), char.toUpperCase()] : [char];
  return forms.reduce((set, form) => {
    const index = form.charCodeAt(0) - 32;
    return form.length === 1 && index >= 0 && index < alphabet.length ? set | (1n << BigInt(index)) : set;
  }, 0n);
}

function alternatives(reader: Reader): Regex | undefined {
  const { flags } = reader;
  const parts: Regex[] = [];
  do {
    const part = sequence(reader);
    if (part === undefined) return undefined;
    parts.push(part);
  } while (skip(reader, "|"));
  reader.flags = flags;
  const [first] = parts;
  return parts.length === 1 ? first : { type: "one", parts };
}

function sequence(reader: Reader): Regex | undefined {
  const parts: Regex[] = [];
  while (reader.at < reader.text.length && !/[|)]/.test(reader.text[reader.at] ?? "")) {
    const part = atom(reader);
    if (part === undefined) return undefined;
    parts.push(repeated(reader, part));
  }
  return { type: "all", parts };
}

function repeated(reader: Reader, part: Regex): Regex {
  let result = part;
  for (;;) {
    const found = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(reader.text.slice(reader.at));
    if (found === null) return result;
    reader.at += found[0].length;
    const [, sign, least, hasMost, most] = found;
    const from = sign === undefined ? Number(least) : sign === "+" ? 1 : 0;
    const open = Number.POSITIVE_INFINITY;
    const fixed = hasMost === undefined ? from : most === undefined || most === "" ? open : Number(most);
    result = { type: "repeat", part: result, least: from, most: sign === undefined ? fixed : sign === "?" ? 1 : open };
  }
}

function atom(reader: Reader): Regex | undefined {
  const { text, at } = reader;
  if (text[at] === "(") return group(reader);
  if (text[at] === "^" || text.startsWith("\\A", at)) return anchor(reader, "begin");
  if (text[at] === "$" || text.startsWith("\\z", at)) return anchor(reader, "end");
  const length = atomLength(text.slice(at));
  if (length === undefined) return undefined;
  reader.at += length;
  return { type: "chars", set: setOf(text.slice(at, at + length), reader.flags) };
}

function anchor(reader: Reader, type: "begin" | "end"): Regex | undefined {
  // With the flag m they stand at every line.
  if (reader.flags.includes("m") && reader.text[reader.at] !== "\\") return undefined;
  reader.at += reader.text[reader.at] === "\\" ? 2 : 1;
  return { type };
}

function group(reader: Reader): Regex | undefined {
  const before = reader.flags;
  const head = /^\((?:\?(?:P?<\w+>|([ims]*)(?:-([ims]+))?([:)])))?/.exec(reader.text.slice(reader.at));
  if (head === null) return undefined;
  const [opening, on = "", off = "", end] = head;
  if (opening === "(" && reader.text[reader.at + 1] === "?") return undefined;
  reader.at += opening.length;
  reader.flags = [...new Set(before + on)].filter((flag) => !off.includes(flag)).join("");
  // Flags without a group hold to the end of the group around them.
  if (end === ")") return { type: "all", parts: [] };
  const inside = alternatives(reader);
  reader.flags = before;
  return skip(reader, ")") ? inside : undefined;
}

function skip(reader: Reader, char: string): boolean {
  if (reader.text[reader.at] !== char) return false;
  reader.at += 1;
  return true;
}

/** How long the class, escape or character is that a text begins with; undefined for what is no character. */
function atomLength(text: string): number | undefined {
  if (text.startsWith("[")) return classLength(text);
  if (!text.startsWith("\\")) return (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return /^\\(?:[pP](?:\{\^?\w+\}|\w)|x\{[0-9a-fA-F]+\}|x[0-9a-fA-F]{2}|[0-7]{2,3}|0|[dDsSwWafnrtv]|[^A-Za-z0-9])/.exec(
    text,
  )?.[0].length;
}

function classLength(text: string): number | undefined {
  return /^\[\^?\]?(?:\[:\^?\w+:\]|\\[pP]\{\^?\w+\}|\\x\{[0-9a-fA-F]+\}|\\.|[^\]\\])*\]/s.exec(text)?.[0].length;
}

/** The same few classes stand in most expressions. */
const known = new Map<string, CharSet>();
const mostKnown = 1000;

function setOf(atomText: string, flags: string): CharSet {
  const pattern = flags === "" ? atomText : `(?${flags})${atomText}`;
  const before = known.get(pattern);
  if (before !== undefined) return before;
  const compiled = RE2JS.compile(pattern);
  let set = 0n;
  for (const [index, char] of alphabet.entries()) if (compiled.testExact(char)) set |= 1n << BigInt(index);
  if (known.size >= mostKnown) known.clear();
  known.set(pattern, set);
  return set;
}
