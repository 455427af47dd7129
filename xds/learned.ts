// What the proxies of a workload use, so that a new sibling has it before it is ready.

import { typeUrls } from "../envoy/resource.ts";
import type { DeltaRequest } from "./delta-request.ts";
import { ofType, type ProxyState } from "./proxy-state.ts";
import type { Verdict } from "./subscription.ts";
import type { Wanted } from "./wanted.ts";

/** From this number of hosts on a proxy gets the full table: each one that it asks for costs it more, the more it has. */
export const maximumLearnedNames = 1_000;
/** Workloads that are remembered; the one that was quiet for longest goes first. */
const maximumWorkloads = 10_000;

/** What is known of one workload. */
export interface Learned {
  readonly virtualHosts: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string>;
  /** The limit was reached: nothing more is remembered, proxies of the workload get the full table. */
  readonly full: boolean;
}

/** Shared by the sessions of one process; after a restart, reconnecting proxies tell it all again. */
export class LearnedHosts {
  readonly #byWorkload = new Map<string, { virtualHosts: Set<string>; clusters: Set<string> }>();

  /** What a proxy of this workload should have at once. */
  of(workload: string): Learned {
    const known = this.#byWorkload.get(workload) ?? { virtualHosts: new Set(), clusters: new Set() };
    return { ...known, full: this.isFull(workload) };
  }

  isFull(workload: string): boolean {
    const known = this.#byWorkload.get(workload);
    return known !== undefined && known.virtualHosts.size + known.clusters.size >= maximumLearnedNames;
  }

  remember(workload: string, kind: "virtualHosts" | "clusters", names: readonly string[]): void {
    if (names.length === 0) return;
    const known = this.#byWorkload.get(workload) ?? { virtualHosts: new Set(), clusters: new Set() };
    this.#byWorkload.delete(workload);
    this.#byWorkload.set(workload, known);
    for (const name of names) {
      if (known.virtualHosts.size + known.clusters.size < maximumLearnedNames) known[kind].add(name);
    }
    const [oldest] = this.#byWorkload.keys();
    if (this.#byWorkload.size > maximumWorkloads && oldest !== undefined) this.#byWorkload.delete(oldest);
  }
}

/** What a request shows that the proxy uses: names that it asked for and has now, and all that it brought from an earlier stream. */
export function namesUsed(
  state: ProxyState,
  wanted: Wanted,
  request: DeltaRequest,
  verdict: Verdict,
): { readonly virtualHosts: readonly string[]; readonly clusters: readonly string[] } {
  const { type, acknowledged } = verdict;
  if (type === typeUrls.virtualHost) {
    const brought = request.initialVersions.size > 0 ? [...state.learned.virtualHosts] : [];
    const asked = acknowledged.filter((name) => {
      const want = wanted.get(type)?.get(name);
      return want?.resource !== undefined && want.aliases.length > 0;
    });
    return { virtualHosts: [...brought, ...asked], clusters: [] };
  }
  if (type !== typeUrls.cluster) return { virtualHosts: [], clusters: [] };
  const { asked, entries } = ofType(state, type);
  const present = [...request.subscribe, ...acknowledged].filter(
    (name) => asked.has(name) && entries.get(name)?.held !== undefined,
  );
  return { virtualHosts: [], clusters: present };
}
