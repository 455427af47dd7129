// Calls helm: the only place that knows its flags and what it says.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { errorText, PillionError } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";

/** One release to be rendered. */
export interface HelmRelease {
  readonly name: string;
  /** Folder of the chart. */
  readonly chart: string;
  readonly namespace: string;
  readonly values: JsonObject;
  /** As --set takes them; they win over `values`. */
  readonly settings: readonly string[];
}

/** Nobody is asked which it is; a Helm of one's own make would take it for 1.20. */
const kubernetesVersion = "1.34.0";

/**
 * The release's objects as YAML.
 * @throws {PillionError} HELM_MISSING; INTERRUPTED; HELM: it refuses the values or the chart.
 */
export async function helmTemplate(release: HelmRelease, signal: AbortSignal): Promise<string> {
  const { name, chart, namespace, values, settings } = release;
  const sets = settings.flatMap((setting) => ["--set", setting]);
  const args = ["template", name, chart, "-n", namespace, "--kube-version", kubernetesVersion, "-f", "-", ...sets];
  const helm = spawn("helm", args, { stdio: "pipe", signal });
  // A helm that ends at once does not read the values; what it says tells why.
  helm.stdin.on("error", () => undefined);
  helm.stdin.end(JSON.stringify(values));
  const ended = Promise.all([text(helm.stdout), text(helm.stderr), once(helm, "close")]).catch((thrown: unknown) => {
    throw notStarted(thrown);
  });
  const [out, complaints] = await ended;
  if (helm.exitCode === 0) return out;
  throw new PillionError("HELM", {
    problem: `helm cannot render ${name}: ${complaintOf(complaints)}`,
    fix: "Correct the values; charts/*/values.yaml lists all of them",
  });
}

function notStarted(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !("code" in thrown)) return thrown;
  if (thrown.code === "ABORT_ERR") {
    return new PillionError("INTERRUPTED", { problem: "helm was interrupted", fix: "Start it again" });
  }
  if (thrown.code !== "ENOENT") return thrown;
  return new PillionError("HELM_MISSING", {
    problem: "there is no helm in PATH, and the manifests are Helm charts",
    fix: "Install Helm 3 (https://helm.sh/docs/intro/install/), or run `npm run setup:apiserver` and add ~/.cache/pillion/bin to PATH",
    cause: errorText(thrown),
  });
}

/** Helm's complaint on one line: of a refused value what is wrong with it, else everything that it says. */
function complaintOf(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.replace(/^Error:/, "").trim());
  const refusals = lines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2));
  const others = lines.filter((line) => line !== "" && !line.startsWith("WARNING"));
  return (refusals.length > 0 ? refusals : others).join("; ");
}
