// A namespace for one tutorial: labelled for injection, with kubectl as its reader has it, and gone afterwards.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rolledOut } from "./cluster-mesh.ts";
import { apply, kubectl, type Output, start, tryRun } from "./commands.ts";

export interface Tutorial {
  readonly namespace: string;
  /** `kubectl -n NAMESPACE ARGS`. @throws Error when it fails. */
  kubectl(...args: readonly string[]): string;
  /** `kubectl apply -f -`; gives what is printed. @throws Error when it is refused. */
  apply(yaml: string): string;
  /** A file of testdata/. */
  applyFile(name: string): string;
  /** `kubectl exec deploy/DEPLOYMENT -c CONTAINER -- COMMAND`. */
  exec(deployment: string, container: string, ...command: readonly string[]): Promise<Output>;
  /** Every Deployment is rolled out. */
  ready(): void;
  /** Take it all away. */
  end(): void;
}

export function startTutorial(namespace: string): Tutorial {
  apply(`{ apiVersion: v1, kind: Namespace, metadata: { name: ${namespace}, labels: { istio-injection: enabled } } }`);
  const applyHere = (yaml: string): string => apply(yaml, namespace);
  return {
    namespace,
    kubectl: (...args) => kubectl("-n", namespace, ...args),
    apply: applyHere,
    applyFile: (name) => applyHere(readFileSync(join(import.meta.dirname, "testdata", name), "utf8")),
    exec: (deployment, container, ...command) =>
      start(["kubectl", "-n", namespace, "exec", `deploy/${deployment}`, "-c", container, "--", ...command]),
    ready: () => rolledOut([namespace]),
    end: () => {
      tryRun(["kubectl", "delete", "namespace", namespace, "--wait=true", "--timeout=120s"]);
    },
  };
}

/** The columns and rows that `kubectl get` prints. */
export function table(text: string): readonly (readonly string[])[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
}

/** How often each status is in fortio's report. */
export function fortioCodes(report: string): ReadonlyMap<number, number> {
  return new Map(
    [...report.matchAll(/^Code\s+(-?\d+)\s*: (\d+)/gm)].map(([, code, count]) => [Number(code), Number(count)]),
  );
}
