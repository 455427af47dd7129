// A running sandbox, as its users hold it.
import { readFileSync } from "node:fs";
import { PillionError } from "../base/error.ts";
import type { Cluster } from "./cluster.ts";
import type { Catalogue } from "./images.ts";
import type { NodeClient } from "./node-client.ts";
import type { ExecResult } from "./node-protocol.ts";
import type { ContainerSpec } from "./objects.ts";
import { programIn } from "./pod-plan.ts";
import { isServing, logFileOf, type PodRecord } from "./pod-record.ts";
import { type PodStatus, podStatus } from "./pod-status.ts";

export interface SandboxParts {
  readonly cluster: Cluster;
  readonly node: NodeClient;
  readonly catalogue: Catalogue;
  readonly runDirectory: string;
  /** "127.0.0.1:PORT" by the Service that it leads to. */
  readonly exposed: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

export interface ExecOptions {
  readonly stdin?: string;
  /** 30 s by default. */
  readonly timeoutMs?: number;
}

/** Lines of a log that a message about a pod that does not start quotes. */
const quotedLines = 5;

export class Sandbox {
  readonly #parts: SandboxParts;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
  }

  /** Rejects when the sandbox broke down although nobody stopped it. */
  get failed(): Promise<never> {
    return this.#parts.node.failed;
  }

  /** All pods, by namespace and name. */
  pods(): readonly PodStatus[] {
    const records = [...this.#parts.cluster.records()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return records.map((record) => podStatus(record.pod, record.address, record.report));
  }

  /**
   * Resolves when every pod that should run is ready, and no other is left.
   * @throws {PillionError} SANDBOX_NOT_READY, with the pods that are not and their last words, when `signal` is aborted first.
   */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.#parts.cluster.isSettled()) {
      await Promise.race([this.#parts.cluster.changed(signal), this.failed]);
      if (signal.aborted && !this.#parts.cluster.isSettled()) throw this.#notReady();
    }
  }

  /** "127.0.0.1:PORT" of a Service that was exposed. */
  address(service: string): string | undefined {
    return this.#parts.exposed.get(service);
  }

  /**
   * Run a program in a container: the first one where `container` is "". `pod` is a pod's name or "deploy/NAME".
   * @throws {PillionError} SANDBOX_POD, SANDBOX_CONTAINER.
   */
  async exec(
    namespace: string,
    pod: string,
    container: string,
    argv: readonly string[],
    options: ExecOptions = {},
  ): Promise<ExecResult> {
    const record = this.#find(namespace, pod);
    const spec = this.#container(record, container);
    return this.#parts.node.ask("exec", {
      key: record.key,
      container: spec.name,
      argv: programIn(this.#parts.catalogue, spec, argv),
      stdin: options.stdin ?? "",
      timeoutMs: options.timeoutMs ?? 30_000,
    });
  }

  /** What a container wrote since the pod started. */
  logs(namespace: string, pod: string, container: string): string {
    return readFileSync(this.logFile(namespace, pod, container), "utf8");
  }

  /** The file that it is written to. */
  logFile(namespace: string, pod: string, container: string): string {
    const record = this.#find(namespace, pod);
    return logFileOf(this.#parts.runDirectory, record.key, this.#container(record, container).name);
  }

  /** Have that many pods of a Deployment. */
  scale(namespace: string, deployment: string, replicas: number): void {
    this.#parts.cluster.scale(`${namespace}/${deployment}`, replicas);
  }

  /** End a pod in order; resolves when it is gone. */
  async deletePod(namespace: string, pod: string): Promise<void> {
    await this.#parts.cluster.remove(this.#find(namespace, pod).key);
  }

  /** Send a signal (SIGKILL) to a container's processes; it is started again as its pod says. */
  async kill(namespace: string, pod: string, container: string, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const record = this.#find(namespace, pod);
    await this.#parts.node.ask("kill", { key: record.key, container: this.#container(record, container).name, signal });
  }

  /** End everything; resolves when nothing is left. */
  async stop(): Promise<void> {
    await this.#parts.stop();
  }

  #find(namespace: string, pod: string): PodRecord {
    const records = this.#parts.cluster.records().filter((record) => record.pod.metadata.namespace === namespace);
    const deployment = /^(?:deploy|deployment|deployments)\/(.+)$/.exec(pod)?.[1];
    const matching = records.filter((record) =>
      deployment === undefined
        ? record.pod.metadata.name === pod
        : record.owner === `Deployment ${namespace}/${deployment}`,
    );
    const found = matching.find(isServing) ?? matching[0];
    if (found !== undefined) return found;
    const names = records.map((record) => record.pod.metadata.name).sort();
    throw new PillionError("SANDBOX_POD", {
      problem: `There is no pod "${pod}" in namespace ${namespace}`,
      fix:
        names.length === 0 ? "List all with `pillion sandbox pods`" : `Use one of ${names.join(", ")}, or deploy/NAME`,
    });
  }

  #container(record: PodRecord, name: string): ContainerSpec {
    const { containers, initContainers = [] } = record.pod.spec;
    const preferred = record.pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
    const wanted = name === "" ? (preferred ?? containers[0]?.name) : name;
    const found = [...containers, ...initContainers].find((container) => container.name === wanted);
    if (found !== undefined) return found;
    throw new PillionError("SANDBOX_CONTAINER", {
      problem: `Pod ${record.key} has no container "${name}"`,
      fix: `Use one of ${[...containers, ...initContainers].map((container) => container.name).join(", ")}`,
    });
  }

  #notReady(): PillionError {
    const waiting = this.#parts.cluster.records().filter((record) => !isServing(record));
    const texts = waiting.map((record) => {
      const { ready, phase } = podStatus(record.pod, record.address, record.report);
      return `${record.key} (${ready}, ${phase})${this.#lastWords(record)}`;
    });
    return new PillionError("SANDBOX_NOT_READY", {
      problem: texts.length === 0 ? "Pods are still on their way" : `These pods are not ready: ${texts.join("; ")}`,
      fix: "Look into their logs with `pillion sandbox logs`, and into the control plane's",
    });
  }

  #lastWords(record: PodRecord): string {
    const stuck = record.report.containers.find(
      ({ ready, state, exitCode }) => !ready && !(state === "terminated" && exitCode === 0),
    );
    if (stuck === undefined || stuck.reason === "PodInitializing") return "";
    const text = readFileSync(logFileOf(this.#parts.runDirectory, record.key, stuck.name), "utf8").trim();
    return `: ${stuck.name} says "${text.split("\n").slice(-quotedLines).join(" | ")}"`;
  }
}
