// Runs the compiled command line as its users do.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const main = join(root, "dist", "cli", "main.js");

/** Make dist/ what the sources say. */
export function build(): void {
  const done = spawnSync(process.execPath, [join(root, "scripts", "build.mjs")], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stdout + done.stderr);
}

/** The environment of tests, with Envoy where set-up puts it. */
export const environment = {
  ...process.env,
  PILLION_ENVOY:
    process.env["PILLION_ENVOY"] ??
    join(
      process.env["PILLION_CACHE"] ?? join(homedir(), ".cache", "pillion"),
      "envoy-1.40.0",
      "envoy",
      "_bin",
      "envoy",
    ),
};

/** A process with what it has written so far. */
export class Running {
  readonly process: ChildProcess;
  output = "";
  #listeners: (() => void)[] = [];

  constructor(words: readonly string[], env: NodeJS.ProcessEnv = environment) {
    const [program = "", ...args] = words;
    this.process = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], cwd: root });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.output += data.toString();
        for (const listener of this.#listeners.splice(0)) listener();
      });
    }
    this.process.once("exit", () => {
      for (const listener of this.#listeners.splice(0)) listener();
    });
  }

  /** The match in what it wrote, as soon as there is one. @throws when it ends, or says nothing of the kind in two minutes. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(120_000);
    const late = new Promise<void>((resolve) => deadline.addEventListener("abort", () => resolve(), { once: true }));
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.process.exitCode !== null)
        throw new Error(`it ended without saying ${String(pattern)}:\n${this.output}`);
      if (deadline.aborted) throw new Error(`it does not say ${String(pattern)}:\n${this.output}`);
      await Promise.race([late, new Promise<void>((resolve) => this.#listeners.push(resolve))]);
    }
  }

  /** Send a signal and wait; gives the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exit = once(this.process, "exit");
      this.process.kill(signal);
      await exit;
    }
    return this.process.exitCode;
  }

  /** Wait for its end; gives the exit code. */
  async exit(): Promise<number | null> {
    if (this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
    return this.process.exitCode;
  }
}

/**
 * A folder for temporary files of one test file: what a run leaves can be told from what others on this machine do.
 * Runs that get {@link Place.environment} keep everything below it.
 */
export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "pt-"));
  readonly environment = { ...environment, TMPDIR: this.folder };

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The process namespaces of runs below the folder, while they run. */
  processNamespaces(): ReadonlySet<string> {
    const own = readlinkSync("/proc/self/ns/pid");
    const found = processes()
      .filter((one) => one.command.includes(this.folder))
      .map((one) => one.namespace);
    return new Set(found.filter((namespace) => namespace !== "" && namespace !== own));
  }

  /**
   * Everything that runs below the folder could have left; a node of Kubernetes may come and go on this machine meanwhile.
   * `namespaces` are those that {@link processNamespaces} gave.
   */
  leftovers(namespaces: ReadonlySet<string> = new Set()): Readonly<Record<string, string>> {
    const run = (program: string, ...args: readonly string[]): string =>
      spawnSync(program, args, { encoding: "utf8" }).stdout ?? "";
    const left = processes().filter((one) => one.command.includes(this.folder) || namespaces.has(one.namespace));
    return {
      namespaces: linesWith(run("ip", "netns", "list"), /^p\d+/),
      bridges: linesWith(run("ip", "-brief", "link", "show"), /^(br0|v\d+)\b/),
      rules: linesWith(run("iptables-save"), /PILLION|(?<!-)SERVICES|10\.77\.|198\.51\.100\./),
      mounts: linesWith(readFileSync("/proc/mounts", "utf8"), /pillion|netns\/p\d+ /),
      processes: left.map((one) => one.command.slice(0, 120)).join("\n"),
      folders: readdirSync(this.folder).join("\n"),
    };
  }
}

const linesWith = (text: string, pattern: RegExp): string =>
  text
    .split("\n")
    .filter((line) => pattern.test(line))
    .join("\n");

function processes(): readonly { readonly command: string; readonly namespace: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ command, namespace: readlinkSync(`/proc/${pid}/ns/pid`) }];
      } catch {
        // It ended while we looked.
        return [];
      }
    });
}

/** Try until it does not throw; the last error when patience is over. */
export async function eventually<T>(attempt: () => Promise<T> | T, withinMs = 10_000): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (performance.now() > end) throw thrown;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
