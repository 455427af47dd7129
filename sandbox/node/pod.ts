// One pod: its network, its init containers in order, its containers, and its end.
import { constants } from "node:os";
import { PillionError } from "../../base/error.ts";
import type { ContainerPlan, ExecResult, PodPlan, PodReport } from "../node-protocol.ts";
import { writeFstab } from "./mounts.ts";
import { addPodNetwork, removePodNetwork } from "./network.ts";
import { SupervisedContainer } from "./supervised.ts";

/** However little grace is left, a container may end by itself for this long, as the kubelet has it. */
const minimumGraceMs = 2_000;

export class RunningPod {
  readonly #plan: PodPlan;
  readonly #tell: (report: PodReport) => void;
  readonly #initial: readonly SupervisedContainer[];
  readonly #containers: readonly SupervisedContainer[];
  #initialized = false;
  #ending = false;
  #hasNetwork = false;
  #telling = false;
  #starting: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];

  constructor(plan: PodPlan, tell: (report: PodReport) => void) {
    this.#plan = plan;
    this.#tell = tell;
    const contain = (container: ContainerPlan): SupervisedContainer =>
      new SupervisedContainer(container, {
        number: plan.number,
        address: plan.address,
        fstab: writeFstab(`p${plan.number}-${container.name}`, container.mounts),
        changed: () => this.#changed(),
      });
    this.#initial = plan.initial.map(contain);
    this.#containers = plan.containers.map(contain);
  }

  /** Answers when the network is there and the first container is on its way. */
  async start(): Promise<void> {
    await addPodNetwork(this.#plan.number, this.#plan.address);
    this.#hasNetwork = true;
    this.#starting = this.#startContainers();
    this.#changed();
  }

  /** The end in the kubelet's order: applications before native sidecars, these in reverse. */
  async stop(graceSeconds = this.#plan.graceSeconds): Promise<void> {
    this.#ending = true;
    this.#changed();
    const deadline = performance.now() + graceSeconds * 1_000;
    const left = (): number => deadline - performance.now();
    const sidecars = this.#initial.filter(({ plan }) => plan.role === "sidecar");
    const sidecarHooks = sidecars.map((container) => container.prepareStop(left()));
    const inits = this.#initial.filter(({ plan }) => plan.role === "init");
    await Promise.all(inits.map((container) => container.terminate(0)));
    await this.#starting;
    const stopOne = async (container: SupervisedContainer): Promise<void> => {
      await container.prepareStop(left());
      await container.terminate(Math.max(left(), minimumGraceMs));
    };
    await Promise.all(this.#containers.map(stopOne));
    await Promise.all(sidecarHooks);
    for (const sidecar of [...sidecars].reverse()) await sidecar.terminate(Math.max(left(), minimumGraceMs));
    if (this.#hasNetwork) await removePodNetwork(this.#plan.number);
  }

  async exec(
    name: string,
    request: { argv: readonly string[]; stdin: string; timeoutMs: number },
  ): Promise<ExecResult> {
    return this.#container(name).exec(request);
  }

  /** @throws {PillionError} SANDBOX_SIGNAL for a name that is no signal. */
  kill(name: string, signal: string): void {
    const known = Object.keys(constants.signals).find((other): other is NodeJS.Signals => other === signal);
    if (known === undefined) {
      throw new PillionError("SANDBOX_SIGNAL", {
        problem: `"${signal}" is no signal`,
        fix: "Use a name such as SIGKILL",
      });
    }
    this.#container(name).signal(known);
  }

  async #startContainers(): Promise<void> {
    for (const container of this.#initial) {
      if (this.#ending) return;
      container.start();
      if (container.plan.role === "sidecar") await this.#until(() => container.report.started);
      else {
        await container.ended();
        // With restartPolicy Never a failed init container is the end of the pod; otherwise it was restarted until it succeeded.
        if (container.report.exitCode !== 0) return;
      }
    }
    if (this.#ending) return;
    this.#initialized = true;
    for (const container of this.#containers) container.start();
    this.#changed();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition() && !this.#ending) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Several changes of one moment are one report. */
  #changed(): void {
    if (this.#telling) return;
    this.#telling = true;
    queueMicrotask(() => {
      this.#telling = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const wake of waiting) wake();
      const containers = [...this.#initial, ...this.#containers].map(({ report }) => report);
      this.#tell({ key: this.#plan.key, initialized: this.#initialized, containers });
    });
  }

  #container(name: string): SupervisedContainer {
    const found = [...this.#containers, ...this.#initial].find(({ plan }) => plan.name === name);
    if (found !== undefined) return found;
    const names = [...this.#containers, ...this.#initial].map(({ plan }) => plan.name).join(", ");
    throw new PillionError("SANDBOX_CONTAINER", {
      problem: `Pod ${this.#plan.key} has no container "${name}"`,
      fix: `Use one of ${names}`,
    });
  }
}
