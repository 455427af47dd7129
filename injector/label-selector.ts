// Kubernetes label selectors, as neverInjectSelector and alwaysInjectSelector hold them.
// @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors

import { hasLabels } from "../model/selection.ts";

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelExpression[];
}

export interface LabelExpression {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /** For In and NotIn. */
  readonly values?: readonly string[];
}

/** Whether a selector holds for these labels. An empty one holds for nothing here: it would switch the whole mesh on or off. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const pairs = selector.matchLabels ?? {};
  const expressions = selector.matchExpressions ?? [];
  if (Object.keys(pairs).length === 0 && expressions.length === 0) return false;
  return hasLabels(labels, pairs) && expressions.every((one) => holds(one, labels));
}

/** The selector on one line, as kubectl writes it: `app=web,tier in (a,b),!legacy`. */
export function selectorText(selector: LabelSelector): string {
  const words = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    if (operator === "Exists") words.push(key);
    else if (operator === "DoesNotExist") words.push(`!${key}`);
    else words.push(`${key} ${operator === "In" ? "in" : "notin"} (${values.join(",")})`);
  }
  return words.join(",");
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  const value = labels[key];
  switch (operator) {
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
  }
}
