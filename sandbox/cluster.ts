// The sandbox's cluster: API server, Deployment controller and scheduler in miniature. One loop brings what runs towards what
// the directory says; everything that changes only wakes it.
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { errorText, PillionError } from "../base/error.ts";
import type { Ca } from "../certs/ca.ts";
import { outsideAddress, outsideAnnotation, podAddress } from "./addresses.ts";
import type { AdmissionClient } from "./admission.ts";
import {
  type AddressedService,
  addressedServices,
  clusterNames,
  hostsOf,
  type Names,
  type OutsideHosts,
} from "./cluster-names.ts";
import { podOf, rollout, templateHash } from "./deployments.ts";
import type { Catalogue } from "./images.ts";
import { type Manifests, objectKeyOf } from "./manifests.ts";
import type { NodeClient } from "./node-client.ts";
import type { PodReport } from "./node-protocol.ts";
import { isDeployment, isPod, keyOf, type Pod } from "./objects.ts";
import { admitPod, type DraftPod } from "./pod-admission.ts";
import { isDone, isServing, newRecord, type PodRecord, podFolder, preparePod, removePodFolder } from "./pod-record.ts";
import { podSources } from "./pod-sources.ts";
import { isReady, withStatus } from "./pod-status.ts";
import { type Backend, natTable } from "./services.ts";
import { Turns } from "./turns.ts";
import { writeAtomically, writeInPlace } from "./write-in-place.ts";

export interface ClusterDeps {
  readonly manifests: Manifests;
  readonly node: NodeClient;
  readonly admission: AdmissionClient;
  readonly ca: Ca;
  readonly catalogue: Catalogue;
  readonly runDirectory: string;
  /** Where pods are written with their status, for the control plane to read. */
  readonly objectsDirectory: string;
  readonly outsideHosts: OutsideHosts;
  log(line: string): void;
}

/** Pods that are made ready at once: more would only wait for each other on a small machine. */
const startsAtOnce = 4;
/** Time before a pod that could not be made is tried again. */
const retryMs = 1_000;
export class Cluster {
  readonly #deps: ClusterDeps;
  readonly #pods = new Map<string, PodRecord>();
  readonly #replicas = new Map<string, number>();
  /** Pods on their way through admission, so that they are not made twice. */
  #pending: { readonly owner: string; readonly hash: string }[] = [];
  readonly #ending = new Map<string, Promise<void>>();
  readonly #said = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #turns = new Turns(startsAtOnce);
  #count = 0;
  #listeners: (() => void)[] = [];
  #nat = "";
  #dirty = false;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
  }

  records(): readonly PodRecord[] {
    return [...this.#pods.values()];
  }

  /** Look at everything again soon. Safe to call from anywhere, any number of times. */
  wake(): void {
    this.#dirty = true;
    // Never at once: who wakes it may be in the middle of a change, or the loop itself.
    this.#running ??= Promise.resolve()
      .then(() => this.#work())
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#running = undefined;
        if (this.#dirty && !this.#closed) this.wake();
      });
  }

  /** What the node says about a pod. */
  onReport(report: PodReport): void {
    const record = this.#pods.get(report.key);
    if (record === undefined) return;
    if (isReady(report) !== isReady(record.report)) record.changedAt = now();
    record.report = report;
    this.wake();
  }

  /** Have this many pods, whatever the manifest says. @throws {PillionError} SANDBOX_DEPLOYMENT when it is not there. */
  scale(key: string, replicas: number): void {
    const [namespace = "", name = ""] = key.split("/");
    if (!this.#deps.manifests.objects().has(objectKeyOf("Deployment", namespace, name))) {
      throw new PillionError("SANDBOX_DEPLOYMENT", {
        problem: `There is no Deployment ${key}`,
        fix: "Look at the manifests",
      });
    }
    this.#replicas.set(key, replicas);
    this.wake();
  }

  /** End a pod in order; resolves when it is gone. Its Deployment makes another. */
  async remove(key: string): Promise<void> {
    const running = this.#ending.get(key);
    if (running !== undefined) return running;
    const begun = Promise.resolve().then(() => this.#end(key));
    const ending = begun.finally(() => {
      this.#ending.delete(key);
      this.wake();
    });
    this.#ending.set(key, ending);
    return ending;
  }

  /** Whether everything that should run does, and nothing else. */
  isSettled(): boolean {
    return (
      !this.#dirty &&
      this.#running === undefined &&
      this.#pending.length === 0 &&
      this.#ending.size === 0 &&
      this.records().every(isDone)
    );
  }

  /** Resolves at the next change of anything, or when the signal is aborted. */
  async changed(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      if (signal.aborted) done();
      signal.addEventListener("abort", done);
      this.#listeners.push(done);
    });
  }

  /** Stop reconciling; the pods go with the node. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #work(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      this.#reconcile();
      this.#writeObjects();
      await this.#connect();
    }
    const listeners = this.#listeners;
    this.#listeners = [];
    // After the promise of this work has settled, so that who waits sees a settled cluster.
    setImmediate(() => {
      for (const listener of listeners) listener();
    });
  }

  #reconcile(): void {
    const wanted = new Set<string>();
    for (const object of this.#deps.manifests.objects().values()) {
      const owner = objectKeyOf(object.kind, object.metadata.namespace, object.metadata.name);
      if (isDeployment(object)) {
        wanted.add(owner);
        const hash = templateHash(object);
        const replicas = this.#replicas.get(keyOf(object)) ?? object.spec.replicas ?? 1;
        const { create, remove } = rollout(replicas, hash, this.#owned(owner));
        for (let index = 0; index < create; index++) this.#launch(owner, hash, () => podOf(object, hash));
        for (const key of remove) if (key !== "") void this.#removeQuietly(key);
      } else if (isPod(object)) {
        wanted.add(owner);
        this.#reconcilePod(owner, object);
      }
    }
    for (const record of this.#pods.values()) if (!wanted.has(record.owner)) void this.#removeQuietly(record.key);
  }

  #reconcilePod(owner: string, pod: Pod): void {
    const hash = createHash("sha256").update(JSON.stringify(pod.spec)).digest("hex").slice(0, 10);
    const record = this.#pods.get(keyOf(pod));
    if (record !== undefined && record.hash !== hash) void this.#removeQuietly(record.key);
    const isPending = this.#pending.some((pending) => pending.owner === owner);
    if (record === undefined && !isPending) this.#launch(owner, hash, () => pod);
  }

  #owned(owner: string): { readonly key: string; readonly hash: string; readonly ready: boolean }[] {
    const alive = this.records().filter((record) => record.owner === owner && !this.#ending.has(record.key));
    const running = alive.map((record) => ({ key: record.key, hash: record.hash, ready: isServing(record) }));
    const pending = this.#pending.filter((one) => one.owner === owner);
    return [...running, ...pending.map(({ hash }) => ({ key: "", hash, ready: false }))];
  }

  #launch(owner: string, hash: string, draft: () => DraftPod): void {
    const pending = { owner, hash };
    this.#pending.push(pending);
    const done = (): void => {
      this.#pending = this.#pending.filter((one) => one !== pending);
      this.wake();
    };
    void this.#turns
      .run(() => this.#start(owner, hash, draft()))
      .then(done, (error: unknown) => {
        if (this.#closed) return;
        this.#sayOnce(errorText(error));
        this.#after(retryMs, done);
      });
  }

  async #start(owner: string, hash: string, draft: DraftPod): Promise<void> {
    const { admission, ca, manifests, node } = this.#deps;
    const { pod, warnings } = await admitPod(draft, manifests.objects(), admission);
    for (const warning of warnings) this.#sayOnce(`warning: ${warning}`);
    if (this.#closed) return;
    const number = ++this.#count;
    const address = isOutside(pod) ? outsideAddress(number) : podAddress(number);
    const record = newRecord({ owner, hash, number, address, pod, now: now() });
    const sources = podSources(pod, address, manifests.objects(), ca);
    const hosts = hostsOf({ ...pod.metadata, address }, this.#names(this.#services()));
    try {
      const plan = preparePod(record, hosts, { ...this.#deps, around: sources.around, sources });
      this.#pods.set(record.key, record);
      await node.ask("runPod", plan);
    } catch (error) {
      this.#forget(record);
      throw error;
    }
  }

  async #end(key: string): Promise<void> {
    const record = this.#pods.get(key);
    if (record === undefined) return;
    record.pod = { ...record.pod, metadata: { ...record.pod.metadata, deletionTimestamp: now() } };
    // The control plane takes the endpoint out before the pod begins to end.
    this.#writeObject(record);
    this.wake();
    // Nor do service addresses lead to it any more.
    await this.#running;
    await this.#deps.node.ask("stopPod", { key });
    this.#forget(record);
  }

  async #removeQuietly(key: string): Promise<void> {
    try {
      await this.remove(key);
    } catch (error) {
      this.#complain(error);
    }
  }

  #forget(record: PodRecord): void {
    this.#pods.delete(record.key);
    rmSync(this.#objectFile(record), { force: true });
    removePodFolder(this.#deps.runDirectory, record);
  }

  #writeObjects(): void {
    for (const record of this.#pods.values()) this.#writeObject(record);
  }

  #writeObject(record: PodRecord): void {
    if (isOutside(record.pod)) return;
    const object = withStatus(record.pod, record.address, record.report, {
      started: record.startedAt,
      at: record.changedAt,
    });
    const text = `${JSON.stringify(object)}\n`;
    if (text === record.written) return;
    record.written = text;
    writeAtomically(this.#objectFile(record), text);
  }

  #objectFile(record: PodRecord): string {
    return join(this.#deps.objectsDirectory, `pod_${record.key.replace("/", "_")}.json`);
  }

  /** Names and service addresses follow what runs. */
  async #connect(): Promise<void> {
    const services = this.#services();
    const names = this.#names(services);
    for (const record of this.#pods.values()) {
      const text = hostsOf({ ...record.pod.metadata, address: record.address }, names);
      if (text === record.hosts) continue;
      record.hosts = text;
      writeInPlace(join(podFolder(this.#deps.runDirectory, record), "hosts"), text);
    }
    const table = natTable(
      services.filter(({ address }) => address !== ""),
      this.backends(),
    );
    if (table === this.#nat) return;
    this.#nat = table;
    await this.#deps.node.ask("setNatTable", { text: table });
  }

  #services(): readonly AddressedService[] {
    return addressedServices(this.#deps.manifests.objects());
  }

  #names(services: readonly AddressedService[]): Names {
    return clusterNames(services, this.backends(), this.#deps.outsideHosts);
  }

  /** All pods as services see them. */
  backends(): readonly Backend[] {
    return this.records().map((record) => ({ pod: record.pod, address: record.address, ready: isServing(record) }));
  }

  #after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  /** Once it is closed, what was under way may fail. */
  #complain(error: unknown): void {
    if (!this.#closed) this.#sayOnce(errorText(error));
  }

  #sayOnce(text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#deps.log(text);
  }
}

function now(): string {
  return new Date().toISOString();
}

/** Whether it stands for a machine that is no part of the cluster. */
function isOutside(pod: Pod): boolean {
  return pod.metadata.annotations?.[outsideAnnotation] === "true";
}
