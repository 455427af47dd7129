// Webhook configurations in the cluster: ours as they should be, never those of somebody else.
import { PillionError } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";
import { listAt, objectAt, textsAt } from "../../injector/json.ts";
import type { KubernetesApi } from "./api.ts";
import {
  injectorConfiguration,
  injectorName,
  managedBy,
  validatorConfiguration,
  validatorName,
  type WebhookConfiguration,
  type WebhookFacts,
} from "./webhook-configurations.ts";

type Kind = WebhookConfiguration["kind"];

const base = "/apis/admissionregistration.k8s.io/v1";
const folders: Readonly<Record<Kind, string>> = {
  MutatingWebhookConfiguration: "mutatingwebhookconfigurations",
  ValidatingWebhookConfiguration: "validatingwebhookconfigurations",
};

/** Where both configurations of a revision are. */
export function webhookPaths(revision: string, namespace: string): readonly string[] {
  return [
    `${base}/${folders.MutatingWebhookConfiguration}/${injectorName(revision)}`,
    `${base}/${folders.ValidatingWebhookConfiguration}/${validatorName(revision, namespace)}`,
  ];
}

/** Write both. The API server notices by itself when nothing changes. @throws {PillionError} REVISION_TAKEN, and those of the API. */
export async function applyWebhooks(api: Pick<KubernetesApi, "get" | "apply">, facts: WebhookFacts): Promise<void> {
  await assertRevisionIsFree(api, facts);
  for (const configuration of [injectorConfiguration(facts), validatorConfiguration(facts)]) {
    const path = `${base}/${folders[configuration.kind]}/${configuration.metadata.name}`;
    // Plain data: the type of JSON has an index signature, which interfaces lack.
    await api.apply(path, configuration as unknown as JsonObject);
  }
}

/** @throws {PillionError} REVISION_TAKEN: another control plane (Istio's, or a second Pillion) serves this revision. */
export async function assertRevisionIsFree(
  api: Pick<KubernetesApi, "get">,
  { revision, namespace, owner }: Pick<WebhookFacts, "revision" | "namespace" | "owner">,
): Promise<void> {
  for (const path of webhookPaths(revision, namespace)) {
    const present = await api.get(path);
    const other = present && otherInstallation(present, owner?.name);
    if (other === undefined) continue;
    throw new PillionError("REVISION_TAKEN", {
      problem: `revision "${revision}" is taken: ${path.slice(base.length + 1)} belongs to ${other}`,
      reason:
        "Two control planes would inject the same pods and take the webhooks from each other, so this one does nothing",
      fix: "Uninstall the other one, or install this one with another revision (--set revision=NAME) and label namespaces istio.io/rev=NAME",
    });
  }
}

/** Who else owns a configuration; undefined when it is ours. `ownRole` is the ClusterRole of our installation. */
export function otherInstallation(configuration: JsonObject, ownRole: string | undefined): string | undefined {
  const metadata = objectAt(configuration, "metadata");
  if (textsAt(metadata, "labels")[managedBy.label] !== managedBy.value) return "a control plane that is not Pillion";
  const roles = listAt(metadata, "ownerReferences").map(({ name }) => String(name));
  const isOurs = ownRole === undefined ? roles.length === 0 : roles.every((name) => name === ownRole);
  return isOurs ? undefined : `the Pillion installation of ClusterRole "${roles.join(", ") || "(none)"}"`;
}
