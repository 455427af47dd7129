// A namespace for one tutorial: labelled for injection, with kubectl as its reader has it, and gone afterwards.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolledOut } from "./cluster-mesh.ts";
import { apply, environment, kubectl, type Output, run, start, tryRun } from "./commands.ts";

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
  /**
   * What the reader types, in a shell whose kubectl is at home in this namespace and whose folder holds Istio's `samples/`.
   * @returns what is printed, standard error as well
   * @throws Error when the last command fails
   */
  type(script: string): Promise<string>;
  /** Every Deployment is rolled out. */
  ready(): void;
  /** Take it all away. */
  end(): void;
}

export function startTutorial(namespace: string): Tutorial {
  apply(`{ apiVersion: v1, kind: Namespace, metadata: { name: ${namespace}, labels: { istio-injection: enabled } } }`);
  const shell = openShell(namespace);
  const applyHere = (yaml: string): string => apply(yaml, namespace);
  return {
    namespace,
    kubectl: (...args) => kubectl("-n", namespace, ...args),
    apply: applyHere,
    applyFile: (name) => applyHere(readFileSync(join(import.meta.dirname, "testdata", name), "utf8")),
    exec: (deployment, container, ...command) =>
      start(["kubectl", "-n", namespace, "exec", `deploy/${deployment}`, "-c", container, "--", ...command]),
    type: (script) => shell.type(script),
    ready: () => rolledOut([namespace]),
    end: () => {
      shell.close();
      tryRun(["kubectl", "delete", "namespace", namespace, "--wait=true", "--timeout=120s"]);
    },
  };
}

function openShell(namespace: string): { type(script: string): Promise<string>; close(): void } {
  const samples = process.env["PILLION_CORPORA"];
  if (samples === undefined) throw new Error("PILLION_CORPORA names no folder of Istio's samples");
  const folder = mkdtempSync(join(tmpdir(), "pillion-reader-"));
  symlinkSync(join(samples, "samples"), join(folder, "samples"));
  const config = join(folder, "kubeconfig");
  copyFileSync(environment.KUBECONFIG, config);
  run(["kubectl", "--kubeconfig", config, "config", "set-context", "--current", `--namespace=${namespace}`]);
  return {
    type: async (script) => {
      const { stdout, code } = await start([
        "bash",
        "-c",
        `exec 2>&1; cd ${folder}; export KUBECONFIG=${config}\n${script}`,
      ]);
      if (code !== 0) throw new Error(`${script}\nended with ${code}: ${stdout}`);
      return stdout;
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
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
