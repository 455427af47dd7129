/** Sends HTTP requests over a number of kept connections and counts how they were answered. */
import { Agent, type OutgoingHttpHeaders, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** What to send. */
export interface LoadOptions {
  readonly url: string;
  /** Connections, each with one request at a time; default 4. */
  readonly connections: number;
  /** Requests a second over all connections; 0 sends as fast as answers come. */
  readonly queriesPerSecond: number;
  /** Ends after so many requests; `undefined`: after the duration. */
  readonly requests: number | undefined;
  /** Ends after so many milliseconds. */
  readonly durationMs: number;
  readonly headers: OutgoingHttpHeaders;
  /** One request may take so long, in milliseconds. */
  readonly timeoutMs: number;
}

/** What came back. */
export interface LoadResult {
  /** Requests by status; -1 counts those that got none. */
  readonly codes: ReadonlyMap<number, number>;
  /** How long each request took, in milliseconds, ascending. */
  readonly latenciesMs: readonly number[];
  readonly elapsedMs: number;
}

/** Status under which requests without an answer are counted. */
export const noAnswer = -1;

/** Sends it all and resolves with the counts. Failed requests are counted, never thrown. */
export async function runLoad(options: LoadOptions, signal?: AbortSignal): Promise<LoadResult> {
  const codes = new Map<number, number>();
  const latenciesMs: number[] = [];
  const start = performance.now();
  const pauseMs = options.queriesPerSecond > 0 ? 1000 / options.queriesPerSecond : 0;
  let started = 0;
  /** When the next request is due; `undefined` when there is none. */
  const nextDue = (): number | undefined => {
    const due = start + started * pauseMs;
    if (signal?.aborted || (options.requests !== undefined && started >= options.requests)) return undefined;
    if (options.requests === undefined && Math.max(due, performance.now()) - start >= options.durationMs)
      return undefined;
    started += 1;
    return due;
  };
  const work = async (): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let due = nextDue(); due !== undefined; due = nextDue()) {
      const waitMs = due - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const sent = performance.now();
      const code = await sendOne(options, agent);
      latenciesMs.push(performance.now() - sent);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: options.connections }, work));
  return { codes, latenciesMs: latenciesMs.sort((left, right) => left - right), elapsedMs: performance.now() - start };
}

/** The latency below which `percent` of the requests stayed, in milliseconds; 0 where there were none. */
export function percentile(latenciesMs: readonly number[], percent: number): number {
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.ceil((latenciesMs.length * percent) / 100) - 1)] ?? 0;
}

function sendOne(options: LoadOptions, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const outgoing = request(options.url, { agent, headers: options.headers, signal }, (response) => {
      response.on("error", () => resolve(noAnswer));
      response.on("end", () => resolve(response.statusCode ?? noAnswer));
      response.resume();
    });
    outgoing.on("error", () => resolve(noAnswer));
    outgoing.end();
  });
}
