// A container over its whole life: started, probed, started again when it ends, ended in order.
import { setTimeout as delay } from "node:timers/promises";
import type { ContainerPlan, ContainerReport, ExecResult } from "../node-protocol.ts";
import type { HookSpec } from "../objects.ts";
import { type Exit, execIn, type RunningContainer, startContainer } from "./container.ts";
import { askHttp, watchProbe } from "./probes.ts";

/** The first restart is at once, later ones wait longer and longer. */
const restartDelaysMs = [0, 1_000, 2_000, 5_000, 10_000];
/** Longest time for a preStop command or request. */
const hookTimeoutMs = 30_000;

/** Where the container lives, and whom it tells about itself. */
export interface ContainerHome {
  readonly number: number;
  readonly address: string;
  readonly fstab: string;
  changed(): void;
}

export class SupervisedContainer {
  readonly plan: ContainerPlan;
  readonly #home: ContainerHome;
  readonly #ending = new AbortController();
  #process: RunningContainer | undefined;
  #report: ContainerReport;
  #life: Promise<void> = Promise.resolve();

  constructor(plan: ContainerPlan, home: ContainerHome) {
    this.plan = plan;
    this.#home = home;
    this.#report = {
      name: plan.name,
      role: plan.role,
      state: "waiting",
      reason: "PodInitializing",
      started: false,
      ready: false,
      restarts: 0,
      exitCode: undefined,
    };
  }

  get report(): ContainerReport {
    return this.#report;
  }

  /** Start it and keep it as its restart policy says. */
  start(): void {
    this.#life = this.#live();
  }

  /** Resolves when it has ended for good. */
  async ended(): Promise<void> {
    await this.#life;
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.signal(name);
  }

  async exec(request: { argv: readonly string[]; stdin: string; timeoutMs: number }): Promise<ExecResult> {
    if (this.#process === undefined)
      return { stdout: "", stderr: `container ${this.plan.name} is not running\n`, code: 126 };
    const { pid, entered } = this.#process;
    await entered;
    return execIn(this.plan, pid, request);
  }

  /** preStop; it counts against the same grace as what follows. */
  async prepareStop(graceMs: number): Promise<void> {
    this.#ending.abort();
    if (this.#process === undefined || this.plan.preStop === undefined || graceMs <= 0) return;
    const hook = this.#runHook(this.plan.preStop, Math.min(graceMs, hookTimeoutMs));
    await Promise.race([hook, this.#process.exited, delay(graceMs)]);
  }

  /** SIGTERM, and SIGKILL for what has not ended after that time. */
  async terminate(graceMs: number): Promise<void> {
    this.#ending.abort();
    const process = this.#process;
    if (process !== undefined) {
      if (graceMs > 0) process.signal("SIGTERM");
      const timer = setTimeout(() => process.signal("SIGKILL"), Math.max(0, graceMs));
      await process.exited;
      clearTimeout(timer);
    }
    await this.#life;
  }

  async #live(): Promise<void> {
    for (let restarts = 0; !this.#ending.signal.aborted; restarts++) {
      if (restarts > 0 && !(await this.#waitToRestart(restarts))) return;
      const { code } = await this.#runOnce(restarts);
      const again = this.plan.restart === "always" || (this.plan.restart === "on-failure" && code !== 0);
      if (!again) return;
    }
  }

  async #runOnce(restarts: number): Promise<Exit> {
    const process = startContainer(this.plan, this.#home.number, this.#home.fstab);
    this.#process = process;
    await process.entered;
    const { startup, readiness } = this.plan.probes;
    this.#change({
      state: "running",
      reason: "",
      restarts,
      started: startup === undefined,
      ready: false,
      exitCode: undefined,
    });
    const probing = new AbortController();
    const probes = this.#probe(process, probing.signal);
    if (startup === undefined && readiness === undefined) this.#change({ ready: true });
    const exit = await process.exited;
    this.#process = undefined;
    probing.abort();
    await probes;
    const reason = exit.code === 0 ? "Completed" : "Error";
    this.#change({ state: "terminated", reason, ready: false, started: false, exitCode: exit.code });
    return exit;
  }

  /** The startup probe holds the others back; each then goes its own way until the process ends. */
  async #probe(process: RunningContainer, signal: AbortSignal): Promise<void> {
    const { startup, readiness, liveness } = this.plan.probes;
    const probed = {
      address: this.#home.address,
      exec: async (argv: readonly string[], timeoutMs: number) =>
        (await execIn(this.plan, process.pid, { argv, stdin: "", timeoutMs })).code,
    };
    if (startup !== undefined) {
      const done = new AbortController();
      const either = AbortSignal.any([signal, done.signal]);
      await watchProbe(startup, probed, (healthy) => (healthy ? done.abort() : process.signal("SIGKILL")), either);
      if (signal.aborted) return;
      this.#change({ started: true, ready: readiness === undefined });
    }
    const watches: Promise<void>[] = [];
    if (readiness !== undefined)
      watches.push(watchProbe(readiness, probed, (ready) => this.#change({ ready }), signal));
    if (liveness !== undefined) {
      const kill = (healthy: boolean): void => {
        if (!healthy) process.signal("SIGKILL");
      };
      watches.push(watchProbe(liveness, probed, kill, signal));
    }
    await Promise.all(watches);
  }

  async #runHook(hook: HookSpec, timeoutMs: number): Promise<void> {
    if (hook.sleep) await delay(hook.sleep.seconds * 1_000);
    else if (hook.exec) await this.exec({ argv: hook.exec.command, stdin: "", timeoutMs });
    else if (hook.httpGet) await askHttp(hook.httpGet, this.#home.address, timeoutMs);
  }

  async #waitToRestart(restarts: number): Promise<boolean> {
    const waitMs = restartDelaysMs[Math.min(restarts, restartDelaysMs.length) - 1] ?? 0;
    if (waitMs > 0) this.#change({ state: "waiting", reason: "CrashLoopBackOff", restarts });
    try {
      await delay(waitMs, undefined, { signal: this.#ending.signal });
    } catch {
      return false; // It is to end while it waits: there is nothing to start any more.
    }
    return true;
  }

  #change(part: Partial<ContainerReport>): void {
    this.#report = { ...this.#report, ...part };
    this.#home.changed();
  }
}
