// The certificate authority lives in a Secret: made by whichever replica is first, kept over restarts, followed when it changes.
import { createCa } from "../../certs/ca.ts";
import type { JsonObject } from "../../injector/json.ts";
import { newKeyPair } from "../keys.ts";
import type { KubernetesApi } from "./api.ts";
import type { OwnerReference } from "./owner.ts";
import { caSecrets, type StoredCa, secretFor, storedCa } from "./stored-ca.ts";
import { managedBy } from "./webhook-configurations.ts";

export interface CaSecretDeps {
  readonly api: Pick<KubernetesApi, "get" | "create">;
  readonly namespace: string;
  readonly trustDomain: string;
  readonly owner: OwnerReference | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * The CA that is stored: `cacerts` where somebody brought one, else our own. Without either, one is stored: `present` (what
 * the mesh runs with, when somebody deleted the Secret) or a new one. Of replicas that do so at once, the first one wins.
 * @throws {PillionError} CA_UNUSABLE, and those of the API.
 */
export async function readOrMakeCa(deps: CaSecretDeps, present?: StoredCa): Promise<StoredCa> {
  const { api, namespace } = deps;
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const read = async (name: string): Promise<StoredCa | undefined> => {
    const secret = await api.get(`${path}/${name}`);
    return secret && storedCa(secret, deps.now());
  };
  const stored = (await read(caSecrets.brought)) ?? (await read(caSecrets.own));
  if (stored !== undefined) return stored;
  const ca =
    present?.secret === caSecrets.own
      ? present.signing
      : createCa({ now: deps.now(), newKeyPair, trustDomain: deps.trustDomain });
  await api.create(path, secretFor(ca, metadata(deps)));
  // Ours, or that of another replica that came first.
  return (await read(caSecrets.own)) ?? readOrMakeCa(deps, present);
}

function metadata({ namespace, owner }: CaSecretDeps): JsonObject {
  return {
    name: caSecrets.own,
    namespace,
    labels: { [managedBy.label]: managedBy.value },
    ...(owner === undefined ? {} : { ownerReferences: [{ ...owner }] }),
  };
}
