// The root certificate stays in every namespace: written where it is missing or differs, nowhere else. A namespace that refuses
// it (a quota, a policy) holds nobody up, and replicas that do not agree yet do not fight.
import { PillionError } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";
import type { World } from "../../model/world.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import { canI, missingRight } from "../../registry/kubernetes/forbidden.ts";
import type { WatchState, WatchUpdate } from "../../registry/kubernetes/watch.ts";
import type { Clock } from "../clock.ts";
import type { Logger } from "../log.ts";
import { jsonObject, type KubernetesApi } from "./api.ts";
import type { Authority } from "./authority.ts";
import { isSameProblem, type Topic } from "./events.ts";
import { collectByNamespace, followByName } from "./follow.ts";
import { type Kept, keep } from "./keep.ts";
import type { OwnerReference } from "./owner.ts";
import { Rests } from "./rests.ts";
import { applyRootConfigMap, isLacking, type RootConfigMap, rootConfigMapName, toldRoots } from "./root-config-maps.ts";

export interface RootKeeperDeps {
  readonly api: Pick<KubernetesApi, "apply">;
  readonly log: Pick<Logger, "info" | "warn">;
  readonly clock: Clock;
  /** The control plane's own, without which nothing is well. */
  readonly namespace: string;
  readonly revision: string;
  readonly owner: OwnerReference | undefined;
  readonly ca: Pick<Authority, "current" | "subscribe" | "generation" | "hear" | "look">;
  /** All namespaces that are there and stay. */
  readonly namespaces: () => readonly string[];
  /** Told how it goes with the own namespace. */
  readonly onOutcome: (problem: string | undefined) => void;
  /** Told which namespaces refuse the ConfigMap: a sentence, or (undefined) that none does. */
  readonly onRefusals: (problem: string | undefined) => void;
}

/** What Events say of namespaces that refuse. */
export const rootRefusals: Topic = {
  bad: "RootCertificateRefused",
  good: "RootCertificateAccepted",
  goodMessage: "The root certificate is in every namespace",
};

/** Namespaces that are written at once. */
const together = 8;
/** A change that a watch did not tell of is undone after this time. */
const lookEveryMs = 300_000;
/** Names that a sentence lists. */
const namesTold = 5;

/** Namespaces that are there and stay. */
export function lastingNamespaces({ Namespace }: World["objects"]): readonly string[] {
  return [...Namespace.values()]
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}

/** Follow the ConfigMaps and keep them, until `signal` is aborted. Poke it when there may be a new namespace. */
export function keepRoots(deps: RootKeeperDeps & { readonly client: ApiClient }, signal: AbortSignal): Kept {
  const keeper = new RootKeeper(deps, signal);
  const resource = { path: "/api/v1/configmaps", name: rootConfigMapName(deps.revision) };
  void followByName(deps.client, resource, (update) => keeper.onUpdate(update), signal);
  return keeper.kept;
}

/** Writes nothing before it was told of everything that is there. */
export class RootKeeper {
  readonly kept: Kept;
  readonly #deps: RootKeeperDeps;
  readonly #present = new Map<string, JsonObject>();
  readonly #rests: Rests;
  readonly #synced: Promise<void>;
  #onSynced = (): void => undefined;
  #isSynced = false;
  #refusals: string | undefined;

  constructor(deps: RootKeeperDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#synced = new Promise((resolve) => {
      this.#onSynced = resolve;
    });
    this.#rests = new Rests(deps.clock, () => this.kept.poke(), signal);
    const { log, onOutcome } = deps;
    const task = (): Promise<void> => this.#bringIntoOrder();
    this.kept = keep({ name: "root certificates", log, everyMs: lookEveryMs, task, onOutcome }, signal);
    const unsubscribe = deps.ca.subscribe(() => {
      this.#rests.startAnew();
      this.kept.poke();
    });
    signal.addEventListener("abort", unsubscribe, { once: true });
  }

  /** What the API server tells of the ConfigMaps. */
  onUpdate(update: WatchUpdate): void {
    collectByNamespace(this.#present, update);
    switch (update.type) {
      case "state":
        if (!this.#isSynced && update.state.type === "failing") this.#deps.onOutcome(this.#unread(update.state));
        return;
      case "synced":
        this.#isSynced = true;
        this.#onSynced();
        return;
      case "put":
        this.#hear(update.key.slice(0, update.key.indexOf("/")), jsonObject(update.object));
        return;
      case "delete":
        this.kept.poke();
    }
  }

  /** Somebody wrote: another replica that may know more than we do, or a person whose work is undone after a moment. */
  #hear(namespace: string, configMap: JsonObject): void {
    const { ca } = this.#deps;
    const told = namespace === this.#deps.namespace ? toldRoots(configMap) : undefined;
    // Its writer has read another Secret than we have.
    if (told !== undefined && !ca.hear(told)) ca.look();
    if (!this.#isSynced || !isLacking(namespace, configMap, this.#wanted())) return;
    this.#rests.take(namespace);
    this.kept.poke();
  }

  #wanted(): RootConfigMap {
    const { ca, namespace, owner, revision } = this.#deps;
    const name = rootConfigMapName(revision);
    return { name, namespace, bundle: ca.current(), generation: ca.generation(), owner };
  }

  /** @throws {PillionError} those of the API: it is away, or refuses the ConfigMap of the own namespace. */
  async #bringIntoOrder(): Promise<void> {
    await this.#synced;
    const wanted = this.#wanted();
    const all = new Set(this.#deps.namespaces());
    this.#rests.keepOnly(all);
    const lacking = [...all].filter(
      (one) => !this.#rests.isResting(one) && isLacking(one, this.#present.get(one), wanted),
    );
    const { namespace: own } = this.#deps;
    let written = 0;
    if (lacking.includes(own)) {
      await this.#write(own, wanted);
      written += 1;
    }
    const others = lacking.filter((one) => one !== own);
    for (let at = 0; at < others.length; at += together) {
      const tried = await Promise.all(others.slice(at, at + together).map((one) => this.#tryToWrite(one, wanted)));
      written += tried.filter((isWritten) => isWritten).length;
    }
    if (written > 0) this.#deps.log.info({ name: wanted.name, namespaces: written }, "wrote root certificate");
    this.#tellRefusals(wanted.name, all.size);
  }

  async #write(namespace: string, wanted: RootConfigMap): Promise<void> {
    const written = await applyRootConfigMap(this.#deps.api, wanted, namespace);
    if (written !== "gone") this.#present.set(namespace, written);
    this.#rests.accepted(namespace);
  }

  /** @returns false where the API server does not want it. */
  async #tryToWrite(namespace: string, wanted: RootConfigMap): Promise<boolean> {
    try {
      await this.#write(namespace, wanted);
      return true;
    } catch (thrown) {
      const isRefusal = thrown instanceof PillionError && refusalCodes.includes(thrown.code);
      if (!isRefusal) throw thrown;
      this.#rests.refused(namespace, thrown.problem);
      return false;
    }
  }

  #tellRefusals(name: string, total: number): void {
    const refusals = this.#rests.refusals().toSorted(([one], [other]) => (one < other ? -1 : 1));
    const [first] = refusals;
    const names = refusals.slice(0, namesTold).map(([namespace]) => namespace);
    const more = refusals.length > namesTold ? ` and ${refusals.length - namesTold} more` : "";
    const text =
      first &&
      `${refusals.length} of ${total} namespaces refuse the ConfigMap ${name}, so pods that start there wait for a root certificate: ${names.join(", ")}${more}. It is tried again. Of ${first[0]}: ${first[1]}`;
    const { log, onRefusals } = this.#deps;
    if (text !== undefined && !isSameProblem(text, this.#refusals)) log.warn({ problem: text }, "namespaces refuse");
    this.#refusals = text;
    onRefusals(text);
  }

  #unread({ verb, failure }: Extract<WatchState, { readonly type: "failing" }>): string {
    const problem = "problem" in failure ? failure.problem : failure.type;
    const right = missingRight(problem);
    const fix = right === undefined ? "" : `. Look with "${canI(right)}"`;
    return `can't ${verb} ConfigMaps ${rootConfigMapName(this.#deps.revision)}: ${problem}${fix}`;
  }
}

const refusalCodes: readonly string[] = ["KUBERNETES_REFUSED", "KUBERNETES_FORBIDDEN"];
