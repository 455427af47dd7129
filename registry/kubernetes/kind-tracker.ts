// How it goes with the watch of one kind. What kinds have in common is told by kind-troubles.ts.
import type { Kind } from "../../api/kinds.ts";
import type { Failure } from "./outcome.ts";
import type { WatchState } from "./watch.ts";

/** How it goes with one kind. */
export interface KindStatus {
  readonly kind: Kind;
  /** starting: not listed yet. absent: it has no CRD. refused: we may not read it. failing: the API server is in trouble. */
  readonly state: "starting" | "watching" | "absent" | "refused" | "failing";
  /** Objects in force. */
  readonly objects: number;
  /** What is wrong, in the words of the API server where it has some. */
  readonly problem?: string;
  /** Version up to which everything is known. */
  readonly resourceVersion?: string;
  /** Time since the last sign of life; undefined before the first one. Idle kinds are silent for minutes. */
  readonly silentMs?: number;
}

/** A connection that is cut once and comes back at once is no trouble. */
const failuresThatCount = 3;

/** Keeps the status of one kind. */
export class KindTracker {
  readonly kind: Kind;
  #isSynced = false;
  #state: KindStatus["state"] = "starting";
  #problem: string | undefined;
  #version: string | undefined;
  #heardMs: number | undefined;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  /** Whether it was listed once. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  onSynced(): void {
    this.#isSynced = true;
  }

  onState(state: WatchState): void {
    switch (state.type) {
      case "watching":
        this.#turn("watching", undefined);
        this.#version = state.version;
        this.#heardMs = performance.now();
        return;
      case "absent":
        this.#turn("absent", undefined);
        return;
      case "failing": {
        const { failure, failures, verb } = state;
        if (failure.type === "refused") this.#turn("refused", failure.problem);
        else if (failures >= failuresThatCount) this.#turn("failing", problemOf(verb, failure));
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

  #turn(state: KindStatus["state"], problem: string | undefined): void {
    this.#state = state;
    this.#problem = problem;
  }
}

function problemOf(verb: "list" | "watch", failure: Failure): string {
  switch (failure.type) {
    case "expired":
      return "it no longer knows what has changed, and the list expires before it is read";
    case "absent":
      return "it says that there is none";
    case "refused":
    case "busy":
    case "garbled":
    case "broken":
      return `${verb}: ${failure.problem}`;
  }
}
