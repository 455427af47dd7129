// Kinds mostly share their trouble: no CRD is installed, a role is gone, the API server is away. One sentence tells of all.
import type { Kind } from "../../api/kinds.ts";
import { canI, missingRight } from "./forbidden.ts";
import type { KindStatus } from "./kind-tracker.ts";
import { resourceName } from "./resources.ts";

/** A trouble that some kinds have in common. */
export interface KindTrouble {
  readonly sort: "absent" | "refused" | "failing";
  readonly kinds: readonly Kind[];
  /** What is wrong and what to do, without full stop. */
  readonly problem: string;
}

/** All troubles of these kinds, at most one of each sort. */
export function kindTroubles(statuses: readonly KindStatus[]): readonly KindTrouble[] {
  return sorts.flatMap((sort) => {
    const some = statuses.filter(({ state }) => state === sort);
    const [first] = some;
    if (first === undefined) return [];
    const kinds = some.map(({ kind }) => kind);
    return [{ sort, kinds, problem: sentences[sort](namesOf(kinds), first) }];
  });
}

const sorts = ["absent", "refused", "failing"] as const satisfies readonly KindTrouble["sort"][];

const sentences: Readonly<Record<KindTrouble["sort"], (names: string, first: KindStatus) => string>> = {
  absent: (names) =>
    `the cluster has no CRDs of ${names}: such objects cannot be stored. helm install istio-base charts/base; they are read as soon as they are there`,
  refused: (names, { problem = "" }) => {
    const right = missingRight(problem);
    if (right === undefined) return `the API server does not let Pillion list and watch ${names}: ${problem}`;
    return `the API server does not let Pillion list and watch ${names}. Look with "${canI(right)}", and helm upgrade the chart, whose ClusterRole has the right`;
  },
  failing: (names, { problem = "" }) => `the API server does not tell of ${names}: ${problem}`,
};

/** So many names tell what is missing; all of them would hide what to do. */
const namesAtMost = 3;

function namesOf(kinds: readonly Kind[]): string {
  const names = kinds.slice(0, namesAtMost).map((kind) => resourceName(kind));
  const more = kinds.length > namesAtMost ? ` and ${kinds.length - namesAtMost} more` : "";
  return `${names.join(", ")}${more}`;
}
