// The CA of the mesh on Kubernetes: read or made at the start, followed from then on, its roots in every namespace.
import type { JsonObject } from "../../injector/json.ts";
import type { World } from "../../model/world.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import type { WatchUpdate } from "../../registry/kubernetes/watch.ts";
import type { CaSource } from "../ca-bundle.ts";
import { systemClock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { KubernetesApi } from "./api.ts";
import type { CaClaim } from "./ca-ownership.ts";
import { type CaRotation, type RotationOptions, rotateCa } from "./ca-rotation.ts";
import { claimCa, readOrMakeCa } from "./ca-secret.ts";
import type { Topic } from "./events.ts";
import { collectByNamespace, followByName, followObject } from "./follow.ts";
import { type Kept, keep } from "./keep.ts";
import { applyRootConfigMaps, readRoots, rootConfigMapName } from "./root-config-maps.ts";
import { caSecrets } from "./stored-ca.ts";

export interface AuthorityDeps extends CaClaim, Pick<RotationOptions, "spreadMs"> {
  readonly client: ApiClient;
  readonly api: KubernetesApi;
  readonly log: Logger;
  readonly namespace: string;
  readonly trustDomain: string;
  /** Told how reading the Secrets goes, after the first time: a problem, or (undefined) that all is well. */
  readonly onOutcome?: (problem: string | undefined) => void;
}

/** What a control plane that runs has to say about the Secrets. */
export const storedAuthority: Topic = {
  bad: "CaUnusable",
  good: "CaUsable",
  goodMessage: "The stored certificate authority can be used again",
};

/** Somebody may change the Secret without our hearing of it. */
const lookEveryMs = 300_000;

/** The CA, followed until `signal` is aborted. @throws {PillionError} CA_UNUSABLE, and those of the API. */
export async function openAuthority(deps: AuthorityDeps, signal: AbortSignal): Promise<CaRotation> {
  const { api, client, log, namespace } = deps;
  const secretDeps = { ...deps, now: systemClock.now };
  let stored = await readOrMakeCa(secretDeps);
  const former = await readRoots(api, namespace);
  const { spreadMs } = deps;
  const spread = spreadMs === undefined ? {} : { spreadMs };
  const rotation = rotateCa({ stored, former, clock: systemClock, ...spread }, signal);
  log.info({ namespace, name: stored.secret }, "certificate authority");
  const task = async (): Promise<void> => {
    stored = await readOrMakeCa(secretDeps, stored);
    rotation.offer(stored);
    await claimCa(secretDeps);
  };
  const { onOutcome = () => undefined } = deps;
  const kept = keep({ name: "stored certificate authority", log, everyMs: lookEveryMs, task, onOutcome }, signal);
  for (const name of Object.values(caSecrets)) {
    void followObject(client, `/api/v1/namespaces/${namespace}/secrets/${name}`, kept.poke, signal);
  }
  rotation.subscribe(() => log.info({ roots: rotation.current().roots.length }, "certificate authority changed"));
  return rotation;
}

export interface KeepRootsDeps extends Pick<AuthorityDeps, "client" | "api" | "log" | "revision" | "owner"> {
  readonly ca: CaSource;
  readonly world: () => World;
  readonly onOutcome: (problem: string | undefined) => void;
}

/** The root certificate in every namespace, until `signal` is aborted. Poke it when there may be a new namespace. */
export function keepRoots(deps: KeepRootsDeps, signal: AbortSignal): Kept {
  const { api, ca, client, log, owner, onOutcome } = deps;
  const name = rootConfigMapName(deps.revision);
  const present = new Map<string, JsonObject>();
  const task = async (): Promise<void> => {
    const written = await applyRootConfigMaps(
      api,
      { name, bundle: ca.current(), owner },
      namespaces(deps.world()),
      present,
    );
    if (written > 0) log.info({ name, namespaces: written }, "wrote root certificate");
  };
  const kept = keep({ name: "root certificates", log, everyMs: lookEveryMs, task, onOutcome }, signal);
  const onUpdate = (update: WatchUpdate): void => {
    collectByNamespace(present, update);
    if (update.type === "put" || update.type === "delete") kept.poke();
  };
  void followByName(client, { path: "/api/v1/configmaps", name }, onUpdate, signal);
  const unsubscribe = ca.subscribe(kept.poke);
  signal.addEventListener("abort", unsubscribe, { once: true });
  return kept;
}

/** Namespaces that are there and stay. */
function namespaces({ objects }: World): readonly string[] {
  return [...objects.Namespace.values()]
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name);
}
