// The CA of the mesh on Kubernetes: read or made at the start, followed from then on.
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import { systemClock } from "../clock.ts";
import type { Logger } from "../log.ts";
import type { KubernetesApi } from "./api.ts";
import type { CaClaim } from "./ca-ownership.ts";
import { type CaRotation, type RotationOptions, rotateCa } from "./ca-rotation.ts";
import { claimCa, readOrMakeCa } from "./ca-secret.ts";
import type { Topic } from "./events.ts";
import { followObject } from "./follow.ts";
import { keep } from "./keep.ts";
import { readRoots } from "./root-config-maps.ts";
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

/** The CA as it stands in the Secrets. */
export interface Authority extends CaRotation {
  /** Read the Secrets again soon. */
  look(): void;
}

/** The CA, followed until `signal` is aborted. @throws {PillionError} CA_UNUSABLE, and those of the API. */
export async function openAuthority(deps: AuthorityDeps, signal: AbortSignal): Promise<Authority> {
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
  return { ...rotation, look: kept.poke };
}
