// The certificate authority lives in a Secret: made by whichever replica is first, kept over restarts, followed when it changes.
import { PillionError } from "../../base/error.ts";
import { type Ca, createCa } from "../../certs/ca.ts";
import { type JsonObject, objectAt, withKeys } from "../../injector/json.ts";
import { newKeyPair } from "../keys.ts";
import { type KubernetesApi, messageOf } from "./api.ts";
import { type CaClaim, claimed } from "./ca-ownership.ts";
import { caSecrets, type StoredCa, secretFor, storedCa } from "./stored-ca.ts";
import { managedBy } from "./webhook-configurations.ts";

export interface CaSecretDeps extends CaClaim {
  readonly api: Pick<KubernetesApi, "get" | "create" | "ask">;
  readonly namespace: string;
  readonly trustDomain: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const pathOf = ({ namespace }: CaSecretDeps, name: string): string => `/api/v1/namespaces/${namespace}/secrets/${name}`;

/**
 * The CA that is stored: `cacerts` where somebody brought one, else our own. Without either, one is stored: `present` (what
 * the mesh runs with, when somebody deleted the Secret) or a new one. A Secret of ours that is empty asks for a new one.
 * Of replicas that write at once, the first one wins.
 * @throws {PillionError} CA_UNUSABLE, and those of the API.
 */
export async function readOrMakeCa(deps: CaSecretDeps, present?: StoredCa): Promise<StoredCa> {
  const { api, namespace, now } = deps;
  const brought = await api.get(pathOf(deps, caSecrets.brought));
  if (brought !== undefined) return storedCa(brought, now());
  const own = await api.get(pathOf(deps, caSecrets.own));
  if (own === undefined) {
    const ca = present?.secret === caSecrets.own ? present.signing : newCa(deps);
    const metadata = { name: caSecrets.own, namespace, labels: { [managedBy.label]: managedBy.value } };
    await api.create(`/api/v1/namespaces/${namespace}/secrets`, claimed(secretFor(ca, metadata), deps));
    return readOrMakeCa(deps, present);
  }
  if (Object.keys(objectAt(own, "data")).length > 0) return storedCa(own, now());
  await replace(deps, withKeys(own, { stringData: objectAt(secretFor(newCa(deps), {}), "stringData") }));
  return readOrMakeCa(deps, present);
}

/** Say on our own Secret, if there is one, whose it is. @throws {PillionError} those of the API. */
export async function claimCa(deps: CaSecretDeps): Promise<void> {
  const own = await deps.api.get(pathOf(deps, caSecrets.own));
  if (own === undefined) return;
  const right = claimed(own, deps);
  if (right !== own) await replace(deps, right);
}

function newCa({ now, trustDomain }: CaSecretDeps): Ca {
  return createCa({ now: now(), newKeyPair, trustDomain });
}

/** Write our Secret, unless somebody did since it was read (its resourceVersion says so): then it has to be read again. */
async function replace(deps: CaSecretDeps, secret: JsonObject): Promise<void> {
  const response = await deps.api.ask("PUT", pathOf(deps, caSecrets.own), secret);
  const { status } = response;
  if ((status >= 200 && status < 300) || status === 404 || status === 409) return;
  throw new PillionError("KUBERNETES_REFUSED", {
    problem: `the API server answers ${status} to a change of the Secret ${caSecrets.own}: ${messageOf(response)}`,
    fix: "Give the control plane's service account the rights of the chart's Role: helm upgrade the chart",
  });
}
