// Finding the pods that a selector means, without looking at every pod for every service.
import { memoize } from "../base/memo.ts";
import type { Workload } from "./workload.ts";

/** Whether there are all the labels that are wanted; nothing wanted is there always. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(wanted ?? {}).every(([name, value]) => labels[name] === value);
}

/** The workloads of a namespace that have all these labels, in their order. The list is remembered by identity. */
export function selectWorkloads(
  workloads: readonly Workload[],
  selector: Readonly<Record<string, string>>,
): readonly Workload[] {
  const wanted = Object.entries(selector);
  const index = byLabel(workloads);
  let candidates = workloads;
  for (const [name, value] of wanted) {
    const having = index.get(labelKey(name, value)) ?? none;
    if (having.length < candidates.length) candidates = having;
  }
  return wanted.length < 2 ? candidates : narrowed(candidates, JSON.stringify(selector), wanted);
}

const none: readonly Workload[] = [];

/** Kept for each list of candidates by the selector as text, so that equal questions have the same list as answer. */
const answers = new WeakMap<readonly Workload[], Map<string, readonly Workload[]>>();

function narrowed(
  candidates: readonly Workload[],
  selector: string,
  wanted: readonly (readonly [string, string])[],
): readonly Workload[] {
  const known = answers.get(candidates) ?? new Map<string, readonly Workload[]>();
  answers.set(candidates, known);
  const answer =
    known.get(selector) ?? candidates.filter(({ labels }) => wanted.every(([name, value]) => labels[name] === value));
  known.set(selector, answer);
  return answer;
}

const byLabel = memoize((workloads: readonly Workload[]): ReadonlyMap<string, readonly Workload[]> => {
  const index = new Map<string, Workload[]>();
  for (const workload of workloads) {
    for (const [name, value] of Object.entries(workload.labels)) {
      const key = labelKey(name, value);
      const having = index.get(key);
      if (having === undefined) index.set(key, [workload]);
      else having.push(workload);
    }
  }
  return index;
});

/** Neither part of a label may hold "=". */
function labelKey(name: string, value: string): string {
  return `${name}=${value}`;
}
