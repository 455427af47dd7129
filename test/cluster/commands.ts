// Programs that the tier calls: kubectl, helm, buildah, and the script that boots the node.
import { execFile, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export const root = join(import.meta.dirname, "..", "..");

/** The folder with `cluster` and `images`. @throws Error when nobody says where it is. */
export function clusterFolder(): string {
  const folder = process.env["PILLION_CLUSTER"];
  if (folder === undefined || !existsSync(join(folder, "cluster")))
    throw new Error("PILLION_CLUSTER names no folder with the program cluster.");
  return folder;
}

const binaries = process.env["KUBE_CACHE"] ?? join(homedir(), ".cache", "kube-bin-1.34.4");
/** Where the node keeps its configuration. */
export const clusterDirectory = process.env["CLUSTER_DIR"] ?? "/tmp/kube-cluster";
const isKind = process.env["PILLION_CLUSTER"] === undefined;
const limitBytes = 256 * 1024 * 1024;

/** What programs see: the node's kubectl first, and its administrator. */
export const environment = {
  ...process.env,
  BUILDAH_ISOLATION: "chroot",
  KUBECONFIG: isKind ? join(tmpdir(), "pillion-kind.kubeconfig") : join(clusterDirectory, "admin.kubeconfig"),
  PATH: [
    ...(isKind ? [] : [binaries]),
    process.env["PATH"],
    join(homedir(), ".cache", "pillion", "bin"),
    "/usr/sbin",
    "/sbin",
  ].join(":"),
};

/** Run and wait; never rejects for an exit code. */
export function start(words: readonly string[], input?: string): Promise<Output> {
  const [program = "", ...args] = words;
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { env: environment, cwd: root, maxBuffer: limitBytes },
      (failure, stdout, stderr) => {
        const code = failure === null ? 0 : typeof failure.code === "number" ? failure.code : 1;
        resolve({ stdout, stderr: failure !== null && stderr === "" ? failure.message : stderr, code });
      },
    );
    child.stdin?.on("error", () => undefined); // Who does not read its input has ended, and says so by its code.
    child.stdin?.end(input);
  });
}

/** Run to the end. @throws Error with its words when it fails. */
export function run(words: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = tryRun(words, input);
  if (status !== 0) throw new Error(`${words.slice(0, 6).join(" ")}: ${error?.message ?? ""}${stderr}${stdout}`);
  return stdout;
}

/** Run to the end, whatever comes of it. */
export function tryRun(words: readonly string[], input?: string) {
  const [program = "", ...args] = words;
  return spawnSync(program, args, { env: environment, cwd: root, encoding: "utf8", input, maxBuffer: limitBytes });
}

export const kubectl = (...args: readonly string[]): string => run(["kubectl", ...args]);

/**
 * `kubectl apply -f -`; gives what it says. Objects that name no namespace go to the one given, else to default.
 * @throws Error when the API server refuses
 */
export const apply = (yaml: string, namespace?: string): string =>
  run(["kubectl", "apply", ...(namespace === undefined ? [] : ["-n", namespace]), "-f", "-"], yaml);
