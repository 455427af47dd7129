// Follows one resource of the API server: lists it, then watches it, for as long as the process lives. Whatever goes wrong
// in between, in the end what was told is what the API server has.
import type { JsonObject } from "../../api/normalize.ts";
import { errorText, PillionError } from "../../base/error.ts";
import { type ObjectKey, objectKey } from "../../model/world.ts";
import type { ApiClient, ApiResponse, ApiStream } from "./api-client.ts";
import { jsonLines } from "./json-lines.ts";
import { type Failure, failureOf, metadataText, type Outcome, readEvent, readPage } from "./outcome.ts";
import { absencesUntilBelieved, beginning, type Progress, step } from "./step.ts";

/** What is watched. */
export interface WatchedResource {
  /** Paths of the collection, one a version, such as "/api/v1/pods". The next one is tried where one is not served. */
  readonly paths: readonly [string, ...string[]];
  /** Only objects with these fields, such as "metadata.name=istio". */
  readonly fieldSelector?: string;
}

/** What a watch tells. */
export type WatchUpdate =
  /** The object is new, or not as it was. */
  | { readonly type: "put"; readonly key: ObjectKey; readonly object: JsonObject }
  | { readonly type: "delete"; readonly key: ObjectKey }
  /** Everything that was told before is a complete list; again after each list. */
  | { readonly type: "synced" }
  /** Something is known about how it goes. Told after every attempt and every sign of life. */
  | { readonly type: "state"; readonly state: WatchState };

/** How a watch goes. */
export type WatchState =
  | { readonly type: "watching"; readonly version: string }
  /** There is no such resource, and nothing is known of it any more. */
  | { readonly type: "absent" }
  | { readonly type: "failing"; readonly verb: "list" | "watch"; readonly failure: Failure; readonly failures: number };

/** What a watch needs. */
export interface WatchDeps {
  readonly client: ApiClient;
  readonly onUpdate: (update: WatchUpdate) => void;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Resolves after this time, at once when `signal` is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A watch over which nothing comes for this time is opened anew; 3 min by default. */
  readonly silenceMs?: number;
  /** Objects in one page of a list; 500 by default. */
  readonly pageSize?: number;
}

/**
 * Follow a resource until `signal` is aborted; never rejects because of the API server.
 * Lists are consistent reads (no resourceVersion, so no resourceVersionMatch either): one that is served from an old cache
 * could take back what a watch has told already.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export async function watchResource(resource: WatchedResource, deps: WatchDeps, signal: AbortSignal): Promise<void> {
  await new Watch(resource, deps).run(signal);
}

const defaultPageSize = 500;
/** A page may be large, and an API server that starts is slow. */
const listTimeoutMs = 60_000;
/** Idle kinds get a bookmark every minute or not at all; then a new connection costs little. */
const defaultSilenceMs = 180_000;
/** The API server ends watches after some minutes. Each asks for a time of its own, so that they do not end together. */
const shortestWatchSeconds = 300;

/** A connection that held for this long was a good one. */
const settledMs = 30_000;

type OpenStream = Extract<ApiStream, { readonly type: "open" }>;

class Watch {
  readonly #resource: WatchedResource;
  readonly #deps: WatchDeps;
  /** The resourceVersion of everything that was told, to tell after a list what is gone and what changed. */
  readonly #known = new Map<ObjectKey, string>();
  #progress: Progress = beginning;
  #pathIndex = 0;

  constructor(resource: WatchedResource, deps: WatchDeps) {
    this.#resource = resource;
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const verb = this.#progress.version === undefined ? "list" : "watch";
      const outcome = await this.#attempt(verb, signal);
      if (signal.aborted) return;
      const { after, waitMs } = step(this.#progress, outcome, this.#deps.random());
      this.#progress = after;
      if (outcome.type === "absent") this.#onAbsent();
      else if (outcome.type !== "ended" && outcome.type !== "listed") {
        this.#tell({ type: "failing", verb, failure: outcome, failures: after.failures });
      }
      if (waitMs > 0) await this.#deps.wait(waitMs, signal);
    }
  }

  async #attempt(verb: "list" | "watch", signal: AbortSignal): Promise<Outcome> {
    try {
      return verb === "list" ? await this.#list(signal) : await this.#watch(signal);
    } catch (thrown) {
      return { type: thrown instanceof SyntaxError ? "garbled" : "broken", problem: problemOf(thrown) };
    }
  }

  async #list(signal: AbortSignal): Promise<Outcome> {
    let gone = new Set(this.#known.keys());
    let answer = await this.#firstPage(signal);
    let isWhole = false;
    for (;;) {
      if (answer.status !== 200) return failure(answer);
      const page = readPage(answer.body);
      if (page === undefined) return { type: "garbled", problem: "the answer is no list of objects" };
      for (const object of page.items) gone.delete(this.#put(object));
      if (page.next === "") {
        for (const key of gone) this.#delete(key);
        this.#deps.onUpdate({ type: "synced" });
        return { type: "listed", version: page.version };
      }
      answer = await this.#page({ limit: this.#pageSize, continue: page.next }, signal);
      if (answer.status === 410 && !isWhole) {
        // The pages took so long that the next one is not there any more: once more, in one piece, which those that were
        // in the first pages may have left since.
        isWhole = true;
        gone = new Set(this.#known.keys());
        answer = await this.#page({}, signal);
      }
    }
  }

  /** Of the first version that is served; a 404 when none is. */
  async #firstPage(signal: AbortSignal): Promise<ApiResponse> {
    const answer = await this.#firstServed(signal);
    // A CRD may have come while we went through its versions: then the first one is served by now, too.
    return answer.status === 404 || this.#pathIndex === 0 ? answer : this.#firstServed(signal);
  }

  async #firstServed(signal: AbortSignal): Promise<ApiResponse> {
    const last = this.#resource.paths.length - 1;
    for (this.#pathIndex = 0; ; this.#pathIndex++) {
      const answer = await this.#page({ limit: this.#pageSize }, signal);
      if (answer.status !== 404 || this.#pathIndex === last) return answer;
    }
  }

  #page(query: { readonly limit?: number; readonly continue?: string }, signal: AbortSignal): Promise<ApiResponse> {
    const { fieldSelector } = this.#resource;
    const method = "GET";
    return this.#deps.client.request({
      method,
      path: this.#path,
      query: { fieldSelector, ...query },
      timeoutMs: listTimeoutMs,
      signal,
    });
  }

  async #watch(signal: AbortSignal): Promise<Outcome> {
    const stream = await this.#deps.client.stream({
      method: "GET",
      path: this.#path,
      query: {
        fieldSelector: this.#resource.fieldSelector,
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: this.#progress.version,
        timeoutSeconds: Math.round(shortestWatchSeconds * (1 + this.#deps.random())),
      },
      signal,
    });
    if (stream.type === "answered") return failure(stream.response);
    const openedMs = performance.now();
    this.#tellWatching();
    try {
      return await this.#follow(stream);
    } finally {
      stream.close();
      // Trouble before a connection that held is forgotten, even if nothing happened to be sent over it.
      if (performance.now() - openedMs > settledMs) this.#progress = { ...beginning, version: this.#progress.version };
    }
  }

  async #follow(stream: OpenStream): Promise<Outcome> {
    const { silenceMs = defaultSilenceMs } = this.#deps;
    let heard = false;
    let isSilent = false;
    const silence = setTimeout(() => {
      isSilent = true;
      stream.close();
    }, silenceMs);
    try {
      for await (const line of jsonLines(stream.body)) {
        silence.refresh();
        const event = readEvent(line);
        if (event.type === "failed") return event.failure;
        heard = true;
        if (event.type === "put") this.#put(event.object);
        if (event.type === "delete") this.#delete(keyOf(event.object));
        // From here on a failure that follows is the first one again.
        this.#progress = { ...beginning, version: event.version };
        this.#tellWatching();
      }
      return { type: "ended", heard };
    } catch (thrown) {
      // A kind of which nothing is heard may be idle. It is asked again at once, and the answer shows whether all is well.
      if (isSilent) return { type: "ended", heard: true };
      throw thrown;
    } finally {
      clearTimeout(silence);
    }
  }

  #put(object: JsonObject): ObjectKey {
    const key = keyOf(object);
    const version = metadataText(object, "resourceVersion");
    if (version === "" || this.#known.get(key) !== version) this.#deps.onUpdate({ type: "put", key, object });
    this.#known.set(key, version);
    return key;
  }

  #delete(key: ObjectKey): void {
    if (this.#known.delete(key)) this.#deps.onUpdate({ type: "delete", key });
  }

  #onAbsent(): void {
    if (this.#progress.absences < absencesUntilBelieved) return;
    for (const key of [...this.#known.keys()]) this.#delete(key);
    this.#tell({ type: "absent" });
    this.#deps.onUpdate({ type: "synced" });
  }

  get #path(): string {
    return this.#resource.paths[this.#pathIndex] ?? this.#resource.paths[0];
  }

  get #pageSize(): number {
    return this.#deps.pageSize ?? defaultPageSize;
  }

  #tellWatching(): void {
    this.#tell({ type: "watching", version: this.#progress.version ?? "" });
  }

  #tell(state: WatchState): void {
    this.#deps.onUpdate({ type: "state", state });
  }
}

function keyOf(object: JsonObject): ObjectKey {
  return objectKey(metadataText(object, "namespace"), metadataText(object, "name"));
}

function failure({ status, headers, body }: ApiResponse): Failure {
  return failureOf({ status, retryAfter: headers["retry-after"], body });
}

function problemOf(thrown: unknown): string {
  return thrown instanceof PillionError ? thrown.problem : errorText(thrown);
}
