// Programs that the API server tier runs: where they are, how one is started, and that none outlives the tests.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** What a program that ended has left. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where the programs are: `KUBEBUILDER_ASSETS`, else the cache that `npm run setup:apiserver` fills. */
export const programFolder = process.env["KUBEBUILDER_ASSETS"] ?? join(homedir(), ".cache", "kube-bin-1.34.4");

/** The path of a program; undefined when it is neither there nor in PATH. */
export function programPath(name: string): string | undefined {
  const folders = [programFolder, ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Run a program to its end; `input` is what it reads from standard input. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<Output> {
  const child = spawn(program, args, { env: { ...process.env, ...options.env }, stdio: "pipe" });
  const texts = { stdout: "", stderr: "" };
  child.stdout.on("data", (data: Buffer) => {
    texts.stdout += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    texts.stderr += data.toString();
  });
  child.stdin.end(options.input ?? "");
  await once(child, "close");
  return { code: child.exitCode ?? -1, ...texts };
}

/** A program that runs until it is ended. */
export class Daemon {
  readonly #child: ChildProcess;
  #output = "";
  readonly #kill = (): void => void this.#child.kill("SIGKILL");

  constructor(program: string, args: readonly string[], cwd: string) {
    this.#child = spawn(program, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (data: Buffer) => {
        this.#output = (this.#output + data.toString()).slice(-outputLimit);
      });
    }
    // A test process that crashes does not leave an API server behind.
    process.once("exit", this.#kill);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The last of what it wrote. */
  output(): string {
    return this.#output;
  }

  /** Send a signal and wait for the end. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.isRunning) {
      const exit = once(this.#child, "exit");
      this.#child.kill(signal);
      await exit;
    }
    process.removeListener("exit", this.#kill);
  }
}

/** Enough to see why it ended. */
const outputLimit = 20_000;

/** A port of this machine that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
