// What is well and what is not, for kubelet, for people and for load balancers: one list, shown by /readyz.

/** The parts that must be well before others rely on this process. */
export interface Health {
  /** A part with its problem; undefined: it is well. Unknown parts are added in the order of their first mention. */
  set(part: string, problem: string | undefined): void;
  /** All parts are well, and nobody has asked us to stop. */
  ready(): boolean;
  /** Why it is not ready: the first part with a problem that is known. */
  problem(): string | undefined;
  /** From now on not ready. */
  stop(): void;
  /** A line for each part, as Kubernetes writes them: `[+]world ok`. */
  text(): string;
}

/** Nothing is known of a part yet. */
export const notYet = "not yet";

/** Nothing is well yet: `parts` wait for their first word. */
export function createHealth(parts: readonly string[]): Health {
  const problems = new Map<string, string | undefined>(parts.map((part) => [part, notYet]));
  let isStopping = false;
  return {
    set: (part, problem) => void problems.set(part, problem),
    ready: () => !isStopping && [...problems.values()].every((problem) => problem === undefined),
    problem: () => [...problems.values()].find((problem) => problem !== undefined && problem !== notYet),
    stop: () => {
      isStopping = true;
    },
    text: () => {
      const lines = [...problems].map(([part, problem]) =>
        problem === undefined ? `[+]${part} ok` : `[-]${part}: ${problem}`,
      );
      if (isStopping) lines.push("[-]stopping");
      return `${lines.join("\n")}\n`;
    },
  };
}
