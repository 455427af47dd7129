// The control plane as a process of its own, so that it can be killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { PillionError } from "../../base/error.ts";
import { httpsGet } from "./https-get.ts";

export interface ControlPlaneOptions {
  /** Folder of the compiled tree. */
  readonly dist: string;
  readonly configDirectories: readonly string[];
  readonly stateDirectory: string;
  readonly logFile: string;
  /** A file was refused, and no object says why (it is no YAML, or its object stands in another file too). */
  readonly onRefusedFile: (line: string) => void;
}

/** Longest that a start may take on a busy machine. */
const startPatienceMs = 30_000;

export class ControlPlaneProcess {
  readonly webhookPort: number;
  readonly xdsPort: number;
  /** For `pillion proxy-status --control-plane`. */
  readonly monitoringPort: number;
  readonly #options: ControlPlaneOptions;
  readonly #log: WriteStream;
  /** Rejects when the process ended although nobody ended it here. */
  readonly died: Promise<never>;
  #reject: (reason: PillionError) => void = () => undefined;
  #process: ChildProcess | undefined;
  #lastWords: string[] = [];

  private constructor(options: ControlPlaneOptions, webhookPort: number, xdsPort: number, monitoringPort: number) {
    this.#options = options;
    this.webhookPort = webhookPort;
    this.xdsPort = xdsPort;
    this.monitoringPort = monitoringPort;
    this.#log = createWriteStream(options.logFile, { flags: "a" });
    this.died = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    // Not everybody who runs a demo waits for this; then it is no reason for the process to end.
    this.died.catch(() => undefined);
  }

  /** Start it on free ports, which it keeps when it is started again. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlaneProcess> {
    const made = new ControlPlaneProcess(options, await freePort(), await freePort(), await freePort());
    await made.start();
    return made;
  }

  /** @throws {PillionError} DEMO_CONTROL_PLANE with its last words, when it does not come up. */
  async start(): Promise<void> {
    const { dist, configDirectories, stateDirectory } = this.#options;
    const flags = [
      ...configDirectories.flatMap((directory) => ["--config-dir", directory]),
      ...["--state-dir", stateDirectory],
      ...["--webhook", `127.0.0.1:${this.webhookPort}`, "--xds", `127.0.0.1:${this.xdsPort}`],
      ...["--monitoring", `127.0.0.1:${this.monitoringPort}`],
    ];
    // It must not outlive this process, however that ends; nor hear the terminal's Ctrl-C before its turn.
    const words = [
      "--pdeathsig",
      "KILL",
      process.execPath,
      "--enable-source-maps",
      `${dist}/cli/main.js`,
      "control-plane",
      ...flags,
    ];
    const child = spawn("setpriv", words, { stdio: ["ignore", "ignore", "pipe"], detached: true });
    this.#process = child;
    this.#lastWords = [];
    child.once("exit", () => {
      if (this.#process === child) this.#reject(this.#gone("The control plane ended by itself"));
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.#hear(line));
    const end = performance.now() + startPatienceMs;
    while (!(await this.#isReady())) {
      if (child.exitCode !== null || performance.now() > end) {
        throw this.#gone("The control plane did not start");
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** SIGKILL: it gets no chance to say goodbye. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM");
    this.#log.end();
  }

  /** The sum of a metric over all its labels; 0 when it is not there. */
  async metric(name: string): Promise<number> {
    const text = await httpsGet(this.webhookPort, "/metrics");
    const values = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
  }

  #gone(problem: string): PillionError {
    return new PillionError("DEMO_CONTROL_PLANE", {
      problem: `${problem}: ${this.#lastWords.join(" | ") || "it said nothing"}`,
      fix: `Look into ${this.#options.logFile}`,
    });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await httpsGet(this.webhookPort, "/readyz")) === "ok";
    } catch {
      // Nobody listens yet; the caller's patience ends the waiting.
      return false;
    }
  }

  #hear(line: string): void {
    this.#log.write(`${line}\n`);
    this.#lastWords = [...this.#lastWords.slice(-4), line];
    if (!line.includes('"refused;')) return;
    const { file, line: at, code, problem } = JSON.parse(line) as Readonly<Record<string, unknown>>; // written by pino
    if (code === undefined) this.#options.onRefusedFile(`${String(file)}:${String(at)} ${String(problem)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
