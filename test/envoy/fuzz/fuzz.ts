// Does Envoy take whatever the webhook takes? Documents are made at random from a seed; one live Envoy has the last word.
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import type { EncodedResource } from "../../../envoy/resource.ts";
import { type Judge, startJudge } from "../judge.ts";
import { documents } from "./edits.ts";
import { startRefusal } from "./start.ts";
import { outcomeOf } from "./subject.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** Documents to try; the last batch is tried to its end. */
  readonly documents: number;
  /** No batch begins later than that. */
  readonly milliseconds: number;
  /** Told after each batch. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly tried: number;
  readonly accepted: number;
  readonly judged: number;
  readonly found: readonly Poison[];
}

/** A document that the webhook takes and Envoy does not, made as small as possible. */
export interface Poison {
  readonly document: unknown;
  readonly resource: string;
  readonly refusal: string;
  /** What makes it again: the seed of its batch. */
  readonly seed: number;
}

const batch = 200;
/** Envoy keeps every cluster that it has been given; a fresh one is as good. */
const verdictsOfOneEnvoy = 30_000;

/** Try documents until one of the limits is reached. Every poison that was found is in the result. */
export async function fuzz(options: FuzzOptions): Promise<Progress> {
  const endMs = performance.now() + options.milliseconds;
  const court = newCourt();
  const found: Poison[] = [];
  let tried = 0;
  let accepted = 0;
  const progress = (): Progress => ({ tried, accepted, judged: court.judged(), found });
  try {
    for (let seed = options.seed; tried < options.documents && performance.now() < endMs; seed++) {
      const property = fc.asyncProperty(documents, async (document) => {
        tried += 1;
        const outcome = outcomeOf(document);
        if (outcome === undefined) return;
        accepted += 1;
        for (const resource of outcome.resources) {
          const refusal = await court.refusal(resource);
          if (refusal !== undefined && !isAboutFiles(refusal)) throw new Refused(nameOf(resource), refusal);
        }
        const refusal = await knownStartRefusal(outcome.start);
        if (refusal !== undefined) throw new Refused("the start", refusal);
      });
      const result = await fc.check(property, { seed, numRuns: batch });
      if (result.failed) found.push(poisonOf(result.counterexample?.[0], result.errorInstance, seed));
      options.onProgress?.(progress());
    }
  } finally {
    await court.stop();
  }
  return progress();
}

/** Which files a proxy has is known to the proxy only; without them just the listener or cluster that names them is missing. */
function isAboutFiles(refusal: string): boolean {
  return /Invalid path: |unable to read file|Failed to load (incomplete certificate|incomplete private key|trusted CA|certificate chain|private key)|no PEM/i.test(
    refusal,
  );
}

class Refused extends Error {
  readonly resource: string;
  readonly refusal: string;
  constructor(resource: string, refusal: string) {
    super(refusal);
    this.resource = resource;
    this.refusal = refusal;
  }
}

function poisonOf(document: unknown, error: unknown, seed: number): Poison {
  if (!(error instanceof Refused)) throw error;
  return { document, resource: error.resource, refusal: error.refusal, seed };
}

function nameOf({ type, name }: EncodedResource): string {
  return `${type.split(".").at(-1) ?? ""} ${name}`;
}

/** Most objects leave the start of pods as it is. */
const starts = new Map<string, Promise<string | undefined>>();

function knownStartRefusal(start: string): Promise<string | undefined> {
  const known = starts.get(start) ?? startRefusal(start);
  starts.set(start, known);
  return known;
}

const silence = "Envoy gives no answer";
const patienceMs = 15_000;

async function answered(verdict: Promise<string | undefined>): Promise<string | undefined> {
  const patience = new AbortController();
  const silent = setTimeout(patienceMs, silence, { signal: patience.signal });
  try {
    return await Promise.race([verdict, silent]);
  } finally {
    patience.abort();
    await silent.catch(() => undefined);
  }
}

/** An Envoy that is asked about each resource once, and replaced when it has grown. */
function newCourt() {
  const known = new Map<string, string | undefined>();
  let judge: Judge | undefined;
  let verdicts = 0;
  let total = 0;
  return {
    judged: () => total,
    async refusal(resource: EncodedResource): Promise<string | undefined> {
      const key = `${resource.type} ${resource.name} ${resource.version}`;
      if (known.has(key)) return known.get(key);
      if (verdicts >= verdictsOfOneEnvoy) {
        await judge?.stop();
        judge = undefined;
        verdicts = 0;
      }
      verdicts += 1;
      total += 1;
      judge ??= await startJudge();
      let verdict = await answered(judge.verdict(resource));
      // Names that cannot be looked up hold up what comes behind them: a fresh Envoy has nothing before it.
      if (verdict === silence) {
        await judge.stop();
        judge = await startJudge();
        verdict = await answered(judge.verdict(resource));
      }
      known.set(key, verdict);
      return verdict;
    },
    async stop(): Promise<void> {
      await judge?.stop();
    },
  };
}
