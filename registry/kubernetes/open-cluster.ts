// A registry whose objects stand in a Kubernetes API server: lists and watches every kind that the mesh reads.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kind } from "../../api/kinds.ts";
import { meshConfigMap } from "../../api/mesh-config.ts";
import type { JsonObject } from "../../api/normalize.ts";
import { errorText, PillionError } from "../../base/error.ts";
import { findingLine } from "../../base/finding.ts";
import { objectKey, type World } from "../../model/world.ts";
import type { ApiClient } from "./api-client.ts";
import { ClusterObjects, type ObjectReport } from "./cluster-objects.ts";
import { type KindStatus, KindTracker } from "./kind-tracker.ts";
import { type KindTrouble, kindTroubles } from "./kind-troubles.ts";
import { type ObjectName, resourceOf, watchedKinds } from "./resources.ts";
import { checkServerVersion } from "./server-version.ts";
import { beginning, type Progress, step } from "./step.ts";
import { type WatchDeps, type WatchUpdate, watchResource } from "./watch.ts";

/** The part of pino that is used here. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a cluster registry needs. */
export interface ClusterOptions {
  readonly client: ApiClient;
  readonly log: Log;
  /**
   * The ConfigMap with the mesh configuration of this revision, `istio` in `istio-system` by default. In the World it has
   * that name always.
   */
  readonly meshConfig?: ObjectName;
  /** The names of this revision, its own and its tags; without them objects of all revisions count. */
  readonly revisions?: () => readonly string[];
  /** Called when all kinds are known for the first time, and then once for all changes of one tick. */
  readonly onChange: (world: World) => void;
  /** Called when it changes what is wrong with a stored object. */
  readonly onReport?: (report: ObjectReport) => void;
  /** Chance and time, see {@link WatchDeps}. */
  readonly timing?: Partial<Pick<WatchDeps, "random" | "wait" | "silenceMs" | "pageSize">>;
}

/** Objects from an API server. */
export interface ClusterRegistry {
  /** All objects in the form that is in force. Not complete before {@link ClusterRegistry.synced}. */
  world(): World;
  /** Whether all kinds were listed; stays true from then on. A kind without a CRD counts as listed. */
  synced(): boolean;
  /** Resolves when {@link ClusterRegistry.synced} is true, after the first `onChange`; never when it is stopped before. */
  untilSynced(): Promise<void>;
  /** To be called when {@link ClusterOptions.revisions} gives other names. */
  reviseOwn(): void;
  /** How it goes with each kind; `problem` is a sentence for people. */
  status(): readonly KindStatus[];
  /** What is wrong now, in sentences without full stop: one for all kinds that are not installed, one for each other trouble. */
  problems(): readonly string[];
  /** Stored objects that are not in force as they are. */
  reports(): readonly ObjectReport[];
  /** The cluster's version, such as "v1.34.4". */
  readonly serverVersion: string;
  /** Resolves after the signal was aborted and all watches ended; rejects only because of a bug. */
  readonly done: Promise<void>;
}

/**
 * Find out the cluster's version (as soon as the API server answers), then follow all kinds until `signal` is aborted.
 * Resolves before the first list: await {@link ClusterRegistry.untilSynced}. Trouble of the API server's never ends it.
 * @throws {PillionError} KUBERNETES_VERSION when the cluster is too old, API_CREDENTIALS or KUBECONFIG, and the signal's
 * reason when it is aborted before.
 */
export async function openCluster(options: ClusterOptions, signal: AbortSignal): Promise<ClusterRegistry> {
  const timing = { random: Math.random, wait: waitFor, ...options.timing };
  const serverVersion = await untilVersion(options, timing, signal);
  return new Cluster(options, timing, serverVersion, signal);
}

class Cluster implements ClusterRegistry {
  readonly serverVersion: string;
  readonly done: Promise<void>;
  readonly #options: ClusterOptions;
  readonly #objects: ClusterObjects;
  readonly #trackers: ReadonlyMap<Kind, KindTracker>;
  readonly #untilSynced: Promise<void>;
  #onSynced = (): void => {};
  readonly #signal: AbortSignal;
  #isSynced = false;
  #isFlushDue = false;
  readonly #wait: WatchDeps["wait"];
  /** Troubles that were told of, with their number of kinds. */
  #told: ReadonlyMap<KindTrouble["sort"], number> = new Map();
  #isTellingDue = false;

  constructor(
    options: ClusterOptions,
    timing: Pick<WatchDeps, "random" | "wait">,
    serverVersion: string,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#signal = signalForMany(signal);
    this.#wait = timing.wait;
    this.serverVersion = serverVersion;
    this.#untilSynced = new Promise((resolve) => {
      this.#onSynced = resolve;
    });
    this.#objects = new ClusterObjects((report) => this.#onReport(report), options.revisions);
    this.#trackers = new Map(watchedKinds.map((kind) => [kind, new KindTracker(kind)]));
    const { client, meshConfig = meshConfigMap } = options;
    const watches = watchedKinds.map((kind) =>
      watchResource(
        resourceOf(kind, meshConfig),
        { ...timing, client, onUpdate: (update) => this.#onUpdate(kind, update) },
        this.#signal,
      ),
    );
    this.done = Promise.all(watches).then(() => {});
  }

  world(): World {
    return this.#objects.world();
  }

  synced(): boolean {
    return this.#isSynced;
  }

  untilSynced(): Promise<void> {
    return this.#untilSynced;
  }

  reviseOwn(): void {
    this.#objects.reviseOwn();
    this.#flushSoon();
  }

  status(): readonly KindStatus[] {
    return [...this.#trackers.values()].map((tracker) => tracker.status(this.world().objects[tracker.kind].size));
  }

  problems(): readonly string[] {
    return kindTroubles(this.status()).map(({ problem }) => problem);
  }

  reports(): readonly ObjectReport[] {
    return this.#objects.reports().map((report) => this.#named(report));
  }

  #onUpdate(kind: Kind, update: WatchUpdate): void {
    const tracker = this.#trackers.get(kind);
    switch (update.type) {
      case "state":
        tracker?.onState(update.state);
        this.#tellSoon();
        return;
      case "put":
        if (kind === "ConfigMap") this.#objects.put(kind, meshConfigKey, asMeshConfig(update.object));
        else this.#objects.put(kind, update.key, update.object);
        break;
      case "delete":
        this.#objects.delete(kind, kind === "ConfigMap" ? meshConfigKey : update.key);
        break;
      case "synced":
        tracker?.onSynced();
        break;
    }
    this.#flushSoon();
  }

  /** All that arrives in one turn of the event loop becomes one World. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (!this.#signal.aborted) this.#flush();
    });
  }

  #flush(): void {
    const hasChanged = this.#objects.flush();
    if (this.#isSynced) {
      if (hasChanged) this.#options.onChange(this.world());
      return;
    }
    if (![...this.#trackers.values()].every(({ isSynced }) => isSynced)) return;
    this.#isSynced = true;
    const objects = this.status().reduce((sum, status) => sum + status.objects, 0);
    this.#options.log.info({ objects, version: this.serverVersion }, "read the cluster");
    this.#options.onChange(this.world());
    this.#onSynced();
    this.#tellSoon();
  }

  /** Kinds come into trouble one after the other, and one line is to tell of all. */
  #tellSoon(): void {
    if (this.#isTellingDue) return;
    this.#isTellingDue = true;
    void this.#wait(togetherMs, this.#signal).then(() => {
      this.#isTellingDue = false;
      if (!this.#signal.aborted) this.#tell();
    });
  }

  /** A line when a trouble is new or has more kinds than before, and one when it is over. */
  #tell(): void {
    const { log } = this.#options;
    // Until all kinds were listed, more of them may turn out to have no CRD.
    const troubles = kindTroubles(this.status()).filter(({ sort }) => sort !== "absent" || this.#isSynced);
    for (const { sort, kinds: some, problem } of troubles) {
      if (some.length <= (this.#told.get(sort) ?? 0)) continue;
      if (sort === "refused") log.error({ problem }, "not allowed to read kinds");
      else log.warn({ problem }, sort === "absent" ? "kinds are not installed" : "cannot follow kinds; trying on");
    }
    if (troubles.length === 0 && this.#told.size > 0) log.info({}, "follows all kinds");
    this.#told = new Map(troubles.map(({ sort, kinds: some }) => [sort, some.length]));
  }

  /** The mesh configuration under its own name. */
  #named(report: ObjectReport): ObjectReport {
    if (report.object.kind !== "ConfigMap") return report;
    const object = { ...report.object, ...(this.#options.meshConfig ?? {}) };
    return { ...report, object, findings: report.findings.map((finding) => ({ ...finding, object })) };
  }

  #onReport(told: ObjectReport): void {
    const { log, onReport } = this.#options;
    const report = this.#named(told);
    const { object, inForce, findings } = report;
    for (const finding of findings) {
      const message = reportMessages[inForce];
      log.warn({ ...object, code: finding.code, text: findingLine(finding) }, message);
    }
    if (findings.length === 0) log.info({ ...object }, "well again");
    onReport?.(report);
  }
}

const reportMessages = {
  nothing: "left out a stored object",
  before: "kept the last good form of a stored object",
  now: "took a stored object that needs a look",
} as const satisfies Record<ObjectReport["inForce"], string>;

/** Watches that fail for the same reason do so within this time, mostly. */
const togetherMs = 500;

const meshConfigKey = objectKey(meshConfigMap.namespace, meshConfigMap.name);

/** Revisions have a mesh configuration each; the rest of Pillion need not know which one is ours. */
function asMeshConfig(raw: JsonObject): JsonObject {
  const { namespace, name } = meshConfigMap;
  const metadata = raw["metadata"];
  return { ...raw, metadata: { ...(typeof metadata === "object" ? metadata : {}), namespace, name } };
}

async function untilVersion(
  { client, log }: ClusterOptions,
  timing: Pick<WatchDeps, "random" | "wait">,
  signal: AbortSignal,
): Promise<string> {
  let progress: Progress = beginning;
  for (;;) {
    signal.throwIfAborted();
    let problem: string;
    try {
      const { status, body } = await client.request({ method: "GET", path: "/version", signal });
      if (status === 200) return checkServerVersion(body, client.server);
      problem = `${client.server}/version answers ${status}`;
    } catch (thrown) {
      signal.throwIfAborted();
      if (!(thrown instanceof PillionError) || thrown.code !== "API_SERVER") throw thrown;
      problem = errorText(thrown);
    }
    const { after, waitMs } = step(progress, { type: "broken", problem }, timing.random());
    progress = after;
    if (after.failures === 1) log.warn({ problem }, "the API server does not answer; trying again until it does");
    await timing.wait(waitMs, signal);
  }
}

/** Every watch listens to it, which is more than Node takes for normal. */
function signalForMany(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const abort = (): void => controller.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return controller.signal;
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  // An abort ends the wait; whoever waits looks at the signal next.
  await sleep(ms, undefined, { signal }).catch(() => {});
}
