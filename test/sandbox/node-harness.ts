// A node for tests, and pods for it: real namespaces, torn down with the test.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { podAddress } from "../../sandbox/addresses.ts";
import { type NodeClient, startNode } from "../../sandbox/node-client.ts";
import {
  type ContainerPlan,
  type ExecResult,
  nodePaths,
  type PodPlan,
  type PodReport,
} from "../../sandbox/node-protocol.ts";

export const repository = fileURLToPath(new URL("../..", import.meta.url));

/** A container of root that does nothing and ends at once when it is told to. */
export function container(name: string, parts: Partial<ContainerPlan> = {}): ContainerPlan {
  return {
    name,
    role: "app",
    argv: ["/bin/sleep", "infinity"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
    workingDir: "/",
    user: 0,
    group: 0,
    capabilities: ["net_bind_service"],
    mounts: [],
    logFile: join(nodePaths.run, "logs", name),
    restart: "always",
    probes: {},
    ...parts,
  };
}

/** A shell script as a container's program. */
export const script = (text: string): readonly string[] => ["/bin/sh", "-c", text];
/** A JavaScript program as a container's program. */
export const javascript = (text: string): readonly string[] => [nodePaths.node, "-e", text];
/** A program that answers HTTP on this port with its client's address. */
export const webServer = (port: number): readonly string[] =>
  javascript(`require("http").createServer((q, s) => s.end(q.socket.remoteAddress)).listen(${port}, "0.0.0.0")`);

export class TestNode {
  readonly directory: string;
  readonly client: NodeClient;
  readonly #reports: Map<string, PodReport>;
  readonly #wakers: Set<() => void>;
  #count = 0;

  private constructor(directory: string, client: NodeClient, reports: Map<string, PodReport>, wakers: Set<() => void>) {
    this.directory = directory;
    this.client = client;
    this.#reports = reports;
    this.#wakers = wakers;
  }

  static async start(outward: readonly { port: number; target: string }[] = []): Promise<TestNode> {
    const directory = mkdtempSync(join(tmpdir(), "pillion-node-"));
    mkdirSync(join(directory, "logs"));
    const reports = new Map<string, PodReport>();
    const wakers = new Set<() => void>();
    const config = {
      runDirectory: directory,
      appDirectory: repository,
      nodeBinary: process.execPath,
      envoyBinary: process.execPath, // Envoy plays no part in these tests, and need not be there.
      outward,
    };
    const client = await startNode(config, (report) => {
      reports.set(report.key, report);
      for (const wake of wakers) wake();
    });
    return new TestNode(directory, client, reports, wakers);
  }

  /** Run a pod; its name is its key. */
  async run(name: string, containers: readonly ContainerPlan[], parts: Partial<PodPlan> = {}): Promise<PodPlan> {
    const number = ++this.#count;
    const plan: PodPlan = {
      key: name,
      number,
      address: podAddress(number),
      initial: [],
      containers,
      graceSeconds: 5,
      ...parts,
    };
    await this.client.ask("runPod", plan);
    return plan;
  }

  /** Resolves with the report for which this holds. */
  async until(name: string, holds: (report: PodReport) => boolean): Promise<PodReport> {
    for (;;) {
      const report = this.#reports.get(name);
      if (report !== undefined && holds(report)) return report;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakers.delete(wake);
          resolve();
        };
        this.#wakers.add(wake);
      });
    }
  }

  async untilReady(name: string): Promise<void> {
    await this.until(name, ({ containers }) => containers.every(({ ready, role }) => role === "init" || ready));
  }

  async exec(name: string, container: string, argv: readonly string[], stdin = ""): Promise<ExecResult> {
    return this.client.ask("exec", { key: name, container, argv, stdin, timeoutMs: 10_000 });
  }

  log(container: string): string {
    return readFileSync(join(this.directory, "logs", container), "utf8");
  }

  async stop(): Promise<void> {
    await this.client.stop();
    rmSync(this.directory, { recursive: true });
  }
}
