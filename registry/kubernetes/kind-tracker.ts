// How it goes with the watch of one kind, for logs and status: a line when that changes, never one for each attempt.
import type { Kind } from "../../api/kinds.ts";
import { canI, missingRight } from "./forbidden.ts";
import type { Failure } from "./outcome.ts";
import { resourceName } from "./resources.ts";
import type { WatchState } from "./watch.ts";

/** How it goes with one kind. */
export interface KindStatus {
  readonly kind: Kind;
  /** starting: not listed yet. absent: it has no CRD. refused: we may not read it. failing: the API server is in trouble. */
  readonly state: "starting" | "watching" | "absent" | "refused" | "failing";
  /** Objects in force. */
  readonly objects: number;
  /** What is wrong and what to do, in a sentence or two. */
  readonly problem?: string;
  /** Version up to which everything is known. */
  readonly resourceVersion?: string;
  /** Time since the last sign of life; undefined before the first one. Idle kinds are silent for minutes. */
  readonly silentMs?: number;
}

interface KindLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A connection that is cut once and comes back at once is not worth a line. */
const failuresWorthALine = 3;

/** Keeps the status of one kind. */
export class KindTracker {
  readonly kind: Kind;
  readonly #log: KindLog;
  #isSynced = false;
  #state: KindStatus["state"] = "starting";
  #problem: string | undefined;
  #version: string | undefined;
  #heardMs: number | undefined;

  constructor(kind: Kind, log: KindLog) {
    this.kind = kind;
    this.#log = log;
  }

  /** Whether it was listed once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Whether it has no CRD. */
  get isAbsent(): boolean {
    return this.#state === "absent";
  }

  onSynced(): void {
    this.#isSynced = true;
  }

  onState(state: WatchState): void {
    const resource = resourceName(this.kind);
    switch (state.type) {
      case "watching": {
        this.#version = state.version;
        this.#heardMs = performance.now();
        const wasFailing = this.#state === "failing" || this.#state === "refused";
        this.#turn("watching", undefined);
        if (wasFailing) this.#log.info({ kind: this.kind }, "watching again");
        return;
      }
      case "absent": {
        // Whoever has not installed the CRDs lacks all of them: the registry says so once.
        this.#turn("absent", `the cluster has no resource "${resource}"`);
        return;
      }
      case "failing": {
        if (state.failures < failuresWorthALine && state.failure.type !== "refused") return;
        const isRefused = state.failure.type === "refused";
        const problem = problemOf(state.verb, resource, state.failure);
        if (!this.#turn(isRefused ? "refused" : "failing", problem)) return;
        if (isRefused) this.#log.error({ kind: this.kind, problem }, "not allowed to read a kind");
        else this.#log.warn({ kind: this.kind, problem }, "cannot follow a kind; trying again until it works");
      }
    }
  }

  status(objects: number): KindStatus {
    return {
      kind: this.kind,
      state: this.#state,
      objects,
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      ...(this.#version === undefined ? {} : { resourceVersion: this.#version }),
      ...(this.#heardMs === undefined ? {} : { silentMs: Math.round(performance.now() - this.#heardMs) }),
    };
  }

  /** @returns whether somebody should be told: not for the first state when it is the good one. */
  #turn(state: KindStatus["state"], problem: string | undefined): boolean {
    const before = this.#state;
    this.#state = state;
    this.#problem = problem;
    return before !== state && !(before === "starting" && state === "watching");
  }
}

function problemOf(verb: "list" | "watch", resource: string, failure: Failure): string {
  switch (failure.type) {
    case "refused":
      return refusalText(verb, resource, failure.problem);
    case "expired":
      return `the API server no longer knows what changed of ${resource}, and the list of them expires before it is read`;
    case "absent":
      return `the API server says that there is no ${resource}`;
    case "busy":
    case "garbled":
    case "broken":
      return `${verb} of ${resource}: ${failure.problem}`;
  }
}

function refusalText(verb: "list" | "watch", resource: string, problem: string): string {
  const right = missingRight(problem);
  const begin = `the API server does not let Pillion ${verb} ${resource}`;
  if (right === undefined) return `${begin}: ${problem}`;
  return `${begin}. helm upgrade the chart, whose ClusterRole has this right; to see whether it is there: ${canI(right)}`;
}
