// Installs what `npm run test:apiserver` needs and this machine lacks: helm, and the programs of a Kubernetes API server.
// Plain JavaScript without dependencies, because setup.mjs calls it before there are any. Quick when nothing is to do.
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const helmVersion = "v3.22.0";
/** As in the official build; without them Helm takes every cluster that it cannot ask for Kubernetes 1.20. */
const helmFlags = [
  "-s -w",
  `-X helm.sh/helm/v3/internal/version.version=${helmVersion}`,
  "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1",
  "-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=34",
].join(" ");
const kubernetesVersion = "1.34.4";
const kubernetesPrograms = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"];

/** A reason to stop that a person can do something about. */
export class MissingProgram extends Error {}

/** Where programs are kept that are built here. */
export const binFolder = join(process.env["PILLION_CACHE"] || join(homedir(), ".cache", "pillion"), "bin");

const say = (text) => console.log(`setup: ${text}`);

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // Not there, or not for us: either way it has to be installed.
  }
}

/** The path of a program: in one of these folders, else in PATH (or where Go is by default); undefined: nowhere. */
function find(program, ...folders) {
  const all = [...folders, ...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin"];
  return all
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

/** The path of a Helm 3, which is built when there is none. */
export function ensureHelm() {
  const present = find("helm", binFolder);
  if (present !== undefined) return present;
  const go = find("go");
  if (go === undefined)
    throw new MissingProgram(
      "there is neither helm nor a go to build it: install Helm 3 (https://helm.sh/docs/intro/install/).",
    );
  say(`building helm ${helmVersion} into ${binFolder} (some minutes)`);
  mkdirSync(binFolder, { recursive: true });
  const unfinished = mkdtempSync(join(binFolder, "unfinished-"));
  try {
    const args = ["install", "-trimpath", `-ldflags=${helmFlags}`, `helm.sh/helm/v3/cmd/helm@${helmVersion}`];
    const env = { ...process.env, GOBIN: unfinished };
    const built = spawnSync(go, args, { cwd: unfinished, env, encoding: "utf8" });
    if (built.status !== 0) {
      const words = `${built.stderr ?? ""}${built.error?.message ?? ""}`.trim().split("\n").slice(-3).join(" ");
      throw new MissingProgram(`helm ${helmVersion} cannot be built: ${words}`);
    }
    renameSync(join(unfinished, "helm"), join(binFolder, "helm"));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(binFolder, "helm");
}

/** The folder with the programs of a Kubernetes cluster, which are built where PILLION_CLUSTER says how. */
export function ensureKubernetes() {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  const cache = process.env["KUBE_CACHE"] || join(homedir(), ".cache", `kube-bin-${kubernetesVersion}`);
  const folder = assets || cache;
  const missing = () => kubernetesPrograms.filter((program) => find(program, folder) === undefined);
  if (missing().length === 0) return folder;
  const cluster = process.env["PILLION_CLUSTER"];
  if (cluster === undefined || assets !== undefined)
    throw new MissingProgram(
      `there is no ${missing().join(", no ")} in ${folder}: name a folder that has them in KUBEBUILDER_ASSETS ` +
        "(such as the one that `setup-envtest use 1.34 -p path` prints), or name in PILLION_CLUSTER the folder of a " +
        "program `cluster` whose `cluster build` makes them.",
    );
  say(`building Kubernetes ${kubernetesVersion} into ${cache} (about ten minutes)`);
  const built = spawnSync(join(cluster, "cluster"), ["build"], { stdio: "inherit", env: { ...process.env } });
  if (built.status !== 0 || missing().length > 0)
    throw new MissingProgram(
      `\`${join(cluster, "cluster")} build\` did not make ${missing().join(", ") || "everything"}.`,
    );
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    say(`helm is ${ensureHelm()}`);
    say(`the API server's programs are in ${ensureKubernetes()}`);
  } catch (error) {
    if (!(error instanceof MissingProgram)) throw error;
    console.error(`setup: ${error.message}`);
    process.exitCode = 1;
  }
}
