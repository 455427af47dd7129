// The algebra of matches: have two of them a request in common, and does one hold whenever the other does? Conditions that
// are known before there is a request (gateway, port, caller) are compared here as well.
import type { HttpMatch, StringMatch } from "../../api/http-route.ts";
import type { WitnessRequest } from "../../base/finding.ts";
import { memoize } from "../../base/memo.ts";
import { hasLabels } from "../selection.ts";
import type { TextAnswer } from "./find-text.ts";
import { beginningOf, implies, isOpen, type TextConditions, type TextMatch, textFor } from "./texts.ts";

/** What two matches have in common. */
export type Overlap =
  | { readonly type: "request"; readonly request: WitnessRequest }
  | { readonly type: "none" }
  /** An expression is not understood, or too large. */
  | { readonly type: "unknown" };

/** A match that holds for everything. */
export const everyRequest: HttpMatch = {};

/** A request to a host that both matches hold for. */
export const overlapOf = memoize((a: HttpMatch, b: HttpMatch, host: string): Overlap => {
  if (!canMeet(a, b)) return { type: "none" };
  const path = nicePath([uriOf(a), uriOf(b)]);
  const method = word("GET", [a.method, b.method], knownMethods);
  const scheme = word("http", [a.scheme, b.scheme], "https?");
  const authority = word(host, [a.authority, b.authority], hostBase(host));
  const headers = fieldsOf(a, b, "headers", headerBase);
  const query = fieldsOf(a, b, "queryParams", "[-A-Za-z0-9._~]*");
  const answers = [path, method, scheme, authority, ...headers.values(), ...query.values()];
  if (answers.some((answer) => answer?.type === "none")) return { type: "none" };
  if (answers.some((answer) => answer?.type === "unknown")) return { type: "unknown" };
  const asked = texts(query).map(([name, value]) => `${encodeURIComponent(name)}=${value}`);
  return {
    type: "request",
    request: {
      method: textIn(method),
      authority: textIn(authority),
      path: `${textIn(path)}${asked.length === 0 ? "" : `?${asked.join("&")}`}`,
      headers: Object.fromEntries(texts(headers)),
    },
  };
});

/** Whether `wide` holds for every request that `narrow` holds for; false also when that cannot be told. */
export const covers = memoize((wide: HttpMatch, narrow: HttpMatch): boolean => {
  if (!coversCaller(wide, narrow)) return false;
  const paths: TextConditions = { matching: [uriOf(narrow)], base: widePath };
  if (!isOpen(uriOf(wide).match) && !implies(paths, uriOf(wide))) return false;
  for (const [field, base] of singleFields) {
    const wanted = wide[field];
    if (wanted !== undefined && !implies({ matching: present(narrow[field]), base }, { match: wanted })) return false;
  }
  return (
    coversFields(wide, narrow, "headers") && coversFields(wide, narrow, "queryParams") && coversAbsent(wide, narrow)
  );
});

/** What every path begins with that a match is for, in lower case: paths that begin apart have no request in common. */
export function pathBeginning(match: HttpMatch): string {
  const { match: uri } = uriOf(match);
  return beginningOf(uri).toLowerCase();
}

/** Envoy answers all others with 400 before it looks at a route. */
const knownMethods = "GET|HEAD|POST|PUT|DELETE|OPTIONS|TRACE|PATCH";
const widePath = '/[!-"$->@-~]*';
/** Paths that no proxy rewrites before it looks at them. */
const cleanPath = "(/[-A-Za-z0-9_~]([-A-Za-z0-9_~.!$&'()*+,;=:@]*))*/?";
const headerBase = "([!-~]([ -~]*[!-~])?)?";
const singleFields = [
  ["method", "[!-~]+"],
  ["scheme", "https?"],
  ["authority", "[!-~]+"],
] as const;

function uriOf({ uri, ignoreUriCase }: HttpMatch): TextMatch {
  const match = uri === undefined || uri.prefix === "/" ? {} : uri;
  return { match, ...(ignoreUriCase === true && uri?.regex === undefined ? { ignoreCase: true } : {}) };
}

function present(match: StringMatch | undefined): readonly TextMatch[] {
  return match === undefined ? [] : [{ match }];
}

function nicePath(matching: readonly TextMatch[]): TextAnswer {
  if (matching.every(({ match }) => isOpen(match))) return { type: "text", text: "/" };
  const clean = textFor({ matching, base: cleanPath });
  return clean.type === "text" && clean.text.startsWith("/") ? clean : textFor({ matching, base: widePath });
}

function word(usual: string, matches: readonly (StringMatch | undefined)[], base: string): TextAnswer {
  const matching = matches.flatMap(present).filter(({ match }) => !isOpen(match));
  if (matching.length === 0) return { type: "text", text: usual };
  const found = textFor({ matching, base });
  // The simple way does not look at what is possible: a prefix has to be completed.
  if (found.type !== "text" || new RegExp(`^(?:${base})$`).test(found.text)) return found;
  return textFor({ matching: [...matching, { match: { regex: base } }], base });
}

/** A host pattern as an expression: texts that a caller may write for it. */
function hostBase(host: string): string {
  const escaped = host.replace(/^\*/, "").replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return host.startsWith("*") ? `[a-z0-9]([-a-z0-9.]*[a-z0-9])?${escaped}` : escaped;
}

/** Whether no condition on port or caller keeps the two apart. */
function canMeet(a: HttpMatch, b: HttpMatch): boolean {
  const differ = <T>(one: T | undefined, other: T | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  if (differ(a.port, b.port) || differ(a.sourceNamespace || undefined, b.sourceNamespace || undefined)) return false;
  return Object.entries(a.sourceLabels ?? {}).every(([name, value]) => !differ(value, b.sourceLabels?.[name]));
}

function coversCaller(wide: HttpMatch, narrow: HttpMatch): boolean {
  if (wide.port !== undefined && wide.port !== narrow.port) return false;
  if ((wide.sourceNamespace ?? "") !== "" && wide.sourceNamespace !== narrow.sourceNamespace) return false;
  const gateways = wide.gateways ?? [];
  const narrower = narrow.gateways ?? [];
  if (gateways.length > 0 && !(narrower.length > 0 && narrower.every((name) => gateways.includes(name)))) return false;
  return hasLabels(narrow.sourceLabels ?? {}, wide.sourceLabels);
}

type MapField = "headers" | "queryParams";

/** Names of headers do not depend on case. */
function entriesOf(match: HttpMatch, field: MapField | "withoutHeaders"): readonly [string, StringMatch][] {
  const entries = Object.entries(match[field] ?? {});
  return field === "queryParams" ? entries : entries.map(([name, value]) => [name.toLowerCase(), value]);
}

function valuesOf(match: HttpMatch, field: MapField | "withoutHeaders", name: string): readonly TextMatch[] {
  return entriesOf(match, field).flatMap(([key, value]) => (key === name ? [{ match: value }] : []));
}

/** A value for each field that one of the two asks for; undefined: the field is left out. */
function fieldsOf(
  a: HttpMatch,
  b: HttpMatch,
  field: MapField,
  base: string,
): ReadonlyMap<string, TextAnswer | undefined> {
  const answers = new Map<string, TextAnswer | undefined>();
  const absent = field === "headers" ? [...entriesOf(a, "withoutHeaders"), ...entriesOf(b, "withoutHeaders")] : [];
  for (const [name] of [...entriesOf(a, field), ...entriesOf(b, field), ...absent]) {
    if (answers.has(name)) continue;
    const matching = [...valuesOf(a, field, name), ...valuesOf(b, field, name)];
    const failing = absent.flatMap(([key, match]) => (key === name ? [{ match }] : []));
    answers.set(name, fieldAnswer(name, { matching, failing, base }));
  }
  return answers;
}

function fieldAnswer(name: string, conditions: TextConditions): TextAnswer | undefined {
  const { matching, failing = [] } = conditions;
  // Claims of tokens and pseudo-headers are no headers that a caller writes.
  if (name.startsWith(":") || name.startsWith("@")) return { type: "unknown" };
  if (failing.some(({ match }) => isOpen(match))) return matching.length === 0 ? undefined : { type: "none" };
  if (matching.length > 0) return textFor({ ...conditions, base: conditions.base.replace(/\?$/, "") });
  // A header that is missing counts as an empty one.
  const isFine = textFor({ matching: [{ match: { exact: "" } }], failing, base: conditions.base }).type === "text";
  return isFine ? undefined : textFor(conditions);
}

function coversFields(wide: HttpMatch, narrow: HttpMatch, field: MapField): boolean {
  return entriesOf(wide, field).every(([name, match]) => {
    const matching = valuesOf(narrow, field, name);
    if (matching.length === 0) return false;
    const failing = field === "headers" ? valuesOf(narrow, "withoutHeaders", name) : [];
    return implies({ matching, failing, base: headerBase }, { match });
  });
}

/** What `wide` does not want, `narrow` does not have. */
function coversAbsent(wide: HttpMatch, narrow: HttpMatch): boolean {
  return entriesOf(wide, "withoutHeaders").every(([name, match]) => {
    const failing = valuesOf(narrow, "withoutHeaders", name);
    if (failing.some((other) => isOpen(other.match))) return true;
    if (isOpen(match)) return false;
    const matching = [...valuesOf(narrow, "headers", name), { match }];
    return textFor({ matching, failing, base: headerBase }).type === "none";
  });
}

function textIn(answer: TextAnswer): string {
  return answer.type === "text" ? answer.text : "";
}

function texts(answers: ReadonlyMap<string, TextAnswer | undefined>): readonly (readonly [string, string])[] {
  return [...answers].flatMap(([name, answer]) => (answer?.type === "text" ? [[name, answer.text] as const] : []));
}
