// Comparing many matches with many: only those that begin alike, and no more than an API server waits for.
import type { HttpMatch } from "../../api/http-route.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { covers, pathBeginning } from "../../model/matching/requests.ts";
import { indexByPrefix } from "../../model/prefix-index.ts";
import type { Complaint } from "../rule.ts";
import type { PlacedMatch } from "./meetings.ts";

/** Pairs of matches that one rule compares for one object; then it says that it has stopped. */
const mostComparisons = 100_000;

/** What a rule may still compare. */
export interface Comparisons {
  left: number;
}

/** For one rule and one object. */
export function comparisons(): Comparisons {
  return { left: mostComparisons };
}

/** Whoever is told of no conflict must not believe that all was looked at. Empty where something is left. */
export function* unlooked(...budgets: readonly Comparisons[]): Iterable<Complaint> {
  if (budgets.every(({ left }) => left > 0)) return;
  yield {
    path: jsonPath("spec", "http"),
    problem: "there are more matches than are compared with each other",
    reason: "What the rest of them have in common with other rules is not known",
    fix: "Divide the object by hosts or by the beginnings of paths",
  };
}

/** The first match of `list` that covers another and may go before it; one of the list is compared with those before it. */
export function firstCover(
  list: readonly PlacedMatch[],
  placed: PlacedMatch,
  budget: Comparisons,
  goesFirst: (one: PlacedMatch) => boolean = () => true,
): PlacedMatch | undefined {
  if (budget.left <= 0) return undefined;
  const isCostly = hasExpression(placed.match);
  if (isCostly) budget.left -= newExpression;
  const wider = widerThan(list, placed.match);
  const found = firstOf(
    wider,
    budget,
    (one) => one === placed || (goesFirst(one) && covers(one.match, placed.match)),
    isCostly && wider.length > mostKnown ? newExpression : 1,
  );
  return found === placed ? undefined : found;
}

/** The first match of `list` that has a request in common with another. */
export function firstInCommon(
  list: readonly PlacedMatch[],
  { match }: PlacedMatch,
  budget: Comparisons,
  isInCommon: (one: PlacedMatch) => boolean,
): PlacedMatch | undefined {
  if (budget.left <= 0) return undefined;
  const price = hasExpression(match) ? newExpression : 1;
  return firstOf(near(list, match), budget, isInCommon, price);
}

/** What it takes to find a request for an expression, in comparisons of plain texts. */
const newExpression = 30;

/** Of more expressions than that, those that come again are new again. */
const mostKnown = 1_000;

function hasExpression({ uri, headers, queryParams }: HttpMatch): boolean {
  return [uri, ...Object.values(headers ?? {}), ...Object.values(queryParams ?? {})].some(
    (text) => text?.regex !== undefined,
  );
}

/** The first item that `isWanted`, as long as there is something left to compare. */
function firstOf<T>(list: readonly T[], budget: Comparisons, isWanted: (item: T) => boolean, price = 1): T | undefined {
  for (const item of list) {
    if (budget.left <= 0) return undefined;
    budget.left -= price;
    if (isWanted(item)) return item;
  }
  return undefined;
}

/** Matches of a list, in its order, that can have a path in common with another. */
function near(list: readonly PlacedMatch[], match: HttpMatch): readonly PlacedMatch[] {
  const text = pathBeginning(match);
  if (text === "") return list;
  const { above, below } = byPath(list);
  const [wide, narrow] = [above(text), below(text)];
  if (narrow.length === 0) return wide;
  const found = new Set([...wide, ...narrow]);
  return list.filter((one) => found.has(one));
}

/** Matches that can hold for every path of another. What an expression begins with may be longer than is seen here. */
function widerThan(list: readonly PlacedMatch[], match: HttpMatch): readonly PlacedMatch[] {
  if (match.uri?.regex !== undefined) return near(list, match);
  return byPath(list).above(pathBeginning(match) || "/");
}

const byPath = memoize((list: readonly PlacedMatch[]) => indexByPrefix(list, ({ match }) => pathBeginning(match)));
