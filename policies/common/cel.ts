// Whether a text is an expression of CEL. Nothing is evaluated here: Envoy does that, and refuses what does not parse.
// @see https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax

const token =
  /\s+|\/\/[^\n]*|(?<text>[rR]?[bB]?(?:"""(?:[^\\]|\\.)*?"""|'''(?:[^\\]|\\.)*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))|(?<number>0x[0-9a-fA-F]+u?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?[uU]?|\.\d+(?:[eE][-+]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}])/y;

/** Deeper nesting is nothing that a person wrote. */
const deepest = 100;

interface Reader {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

/** What is wrong with an expression; undefined when it parses. */
export function celFault(text: string): string | undefined {
  const tokens = tokensOf(text);
  if (typeof tokens === "string") return tokens;
  const reader: Reader = { tokens, at: 0, depth: 0 };
  const isRead = expression(reader);
  if (isRead && reader.at === tokens.length) return undefined;
  const next = tokens[reader.at];
  return next === undefined ? "ends too early" : `has an unexpected "${next.slice(0, 40)}"`;
}

function tokensOf(text: string): readonly string[] | string {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const start = token.lastIndex;
    const found = token.exec(text);
    if (found === null) return `has an unexpected "${text.slice(start, start + 1)}"`;
    if (Object.values(found.groups ?? {}).some((group) => group !== undefined)) tokens.push(found[0]);
  }
  return tokens;
}

function take(reader: Reader, ...words: readonly string[]): boolean {
  const next = reader.tokens[reader.at];
  if (next === undefined || !words.includes(next)) return false;
  reader.at += 1;
  return true;
}

function expression(reader: Reader): boolean {
  reader.depth += 1;
  const isRead = reader.depth <= deepest && binary(reader, 0) && conditional(reader);
  reader.depth -= 1;
  return isRead;
}

function conditional(reader: Reader): boolean {
  return !take(reader, "?") || (binary(reader, 0) && take(reader, ":") && expression(reader));
}

/** Weakest first. */
const operators = [["||"], ["&&"], ["<", "<=", ">", ">=", "==", "!=", "in"], ["+", "-"], ["*", "/", "%"]];

function binary(reader: Reader, level: number): boolean {
  const words = operators[level];
  if (words === undefined) return unary(reader);
  if (!binary(reader, level + 1)) return false;
  while (take(reader, ...words)) if (!binary(reader, level + 1)) return false;
  return true;
}

function unary(reader: Reader): boolean {
  while (take(reader, "!", "-"));
  if (!primary(reader)) return false;
  for (;;) {
    if (take(reader, ".")) {
      if (!name(reader)) return false;
      if (take(reader, "(") && !list(reader, ")")) return false;
    } else if (take(reader, "[")) {
      if (!expression(reader) || !take(reader, "]")) return false;
    } else if (take(reader, "{")) {
      if (!entries(reader)) return false;
    } else return true;
  }
}

function primary(reader: Reader): boolean {
  if (take(reader, "(")) return expression(reader) && take(reader, ")");
  if (take(reader, "[")) return list(reader, "]");
  if (take(reader, "{")) return entries(reader);
  take(reader, ".");
  if (name(reader)) return !take(reader, "(") || list(reader, ")");
  const next = reader.tokens[reader.at] ?? "";
  if (!/^([rRbB]{0,2}["']|\d|\.\d)/.test(next)) return false;
  reader.at += 1;
  return true;
}

function name(reader: Reader): boolean {
  const next = reader.tokens[reader.at] ?? "";
  if (!/^[A-Za-z_]\w*$/.test(next) || next === "in") return false;
  reader.at += 1;
  return true;
}

function list(reader: Reader, end: string): boolean {
  if (take(reader, end)) return true;
  do {
    if (end === "]" && take(reader, end)) return true;
    if (!expression(reader)) return false;
  } while (take(reader, ","));
  return take(reader, end);
}

function entries(reader: Reader): boolean {
  if (take(reader, "}")) return true;
  do {
    if (take(reader, "}")) return true;
    if (!expression(reader) || !take(reader, ":") || !expression(reader)) return false;
  } while (take(reader, ","));
  return take(reader, "}");
}
