// What the proxies of a workload use, so that a new sibling has it before it is ready.

/** Above this number of hosts, learning costs a proxy more than the whole table would. */
export const maximumLearnedNames = 1_000;
/** Workloads that are remembered; the one that was quiet for longest goes first. */
const maximumWorkloads = 10_000;

/** What is known of one workload. */
export interface Learned {
  readonly virtualHosts: ReadonlySet<string>;
  readonly clusters: ReadonlySet<string>;
  /** The limit was reached: nothing more is remembered. */
  readonly full: boolean;
}

/** Shared by the sessions of one process; after a restart, reconnecting proxies tell it all again. */
export class LearnedHosts {
  readonly #byWorkload = new Map<string, { virtualHosts: Set<string>; clusters: Set<string> }>();

  /** What a proxy of this workload should have at once. */
  of(workload: string): Learned {
    const known = this.#byWorkload.get(workload) ?? { virtualHosts: new Set(), clusters: new Set() };
    return { ...known, full: known.virtualHosts.size + known.clusters.size >= maximumLearnedNames };
  }

  remember(workload: string, kind: "virtualHosts" | "clusters", names: Iterable<string>): void {
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
