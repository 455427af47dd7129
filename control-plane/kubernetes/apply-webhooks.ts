// Webhook configurations in the cluster: ours as they should be, never those of somebody else.
import { PillionError } from "../../base/error.ts";
import type { JsonObject } from "../../injector/json.ts";
import { listAt, objectAt, textsAt } from "../../injector/json.ts";
import type { KubernetesApi } from "./api.ts";
import { holderOf, takenTags } from "./tags.ts";
import {
  injectorClaim,
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

/** Where all configurations are that inject pods. */
export const injectorsPath = `${base}/${folders.MutatingWebhookConfiguration}`;

/** Where both configurations of a revision are. */
export function webhookPaths(revision: string, namespace: string): readonly string[] {
  return [
    `${base}/${folders.MutatingWebhookConfiguration}/${injectorName(revision)}`,
    `${base}/${folders.ValidatingWebhookConfiguration}/${validatorName(revision, namespace)}`,
  ];
}

/** Who wants a revision. */
export type Claim = Pick<WebhookFacts, "revision" | "namespace" | "owner">;

/**
 * Write both, without the tags that somebody else has. The API server notices by itself when nothing changes.
 * @returns a sentence that names those tags; undefined where there are none.
 * @throws {PillionError} REVISION_TAKEN, and those of the API.
 */
export async function applyWebhooks(
  api: Pick<KubernetesApi, "get" | "create" | "apply">,
  facts: WebhookFacts,
): Promise<string | undefined> {
  await claimRevision(api, facts);
  const taken = facts.tags.length === 0 ? [] : takenTags(facts.tags, await holders(api), injectorName(facts.revision));
  const tags = facts.tags.filter((tag) => !taken.some((one) => one.tag === tag));
  const granted = { ...facts, tags };
  for (const configuration of [injectorConfiguration(granted), validatorConfiguration(granted)]) {
    await api.apply(`${base}/${folders[configuration.kind]}/${configuration.metadata.name}`, asJson(configuration));
  }
  if (taken.length === 0) return undefined;
  const whose = taken.map(({ tag, configuration }) => `"${tag}" belongs to ${configuration}`);
  return `REVISION_TAKEN: revisionTags that another control plane has do nothing here: ${whose.join(", ")}. Take the tag from that one; this one has it a moment later`;
}

/** Every configuration that injects pods. */
async function holders(api: Pick<KubernetesApi, "get">): Promise<readonly JsonObject[]> {
  return listAt((await api.get(injectorsPath)) ?? {}, "items");
}

/**
 * Take this revision, or see that it is ours. Of two installations that begin at once only one can create the configuration,
 * and the other one has touched nothing yet.
 * @throws {PillionError} REVISION_TAKEN: another control plane (Istio's, or a second Pillion) serves this revision.
 */
export async function claimRevision(api: Pick<KubernetesApi, "get" | "create">, claim: Claim): Promise<void> {
  if (await isOurs(api, claim)) return;
  const holder = holderOf(claim.revision, await holders(api), injectorName(claim.revision));
  if (holder !== undefined) {
    const configuration = `${folders.MutatingWebhookConfiguration}/${holder}`;
    throw revisionTaken(claim.revision, configuration, "a control plane that has this name as a tag");
  }
  const empty = injectorClaim(claim);
  const created = await api.create(`${base}/${folders[empty.kind]}`, asJson(empty));
  if (created === "exists") await isOurs(api, claim);
}

/** Whether the revision has its configuration for pods. @throws {PillionError} REVISION_TAKEN */
async function isOurs(api: Pick<KubernetesApi, "get">, { revision, namespace, owner }: Claim): Promise<boolean> {
  const [injector, ...others] = webhookPaths(revision, namespace);
  let isThere = false;
  for (const path of [injector, ...others].filter((one) => one !== undefined)) {
    const present = await api.get(path);
    if (present === undefined) continue;
    const other = otherInstallation(present, owner?.name);
    if (other !== undefined) throw revisionTaken(revision, path.slice(base.length + 1), other);
    isThere ||= path === injector;
  }
  return isThere;
}

const revisionTaken = (revision: string, configuration: string, other: string): PillionError =>
  new PillionError("REVISION_TAKEN", {
    problem: `revision "${revision}" is taken: ${configuration} belongs to ${other}`,
    reason:
      "Two control planes would inject the same pods and take the webhooks from each other, so this one does nothing",
    fix: "Uninstall the other one, or install this one with another revision (--set revision=NAME) and label namespaces istio.io/rev=NAME",
  });

/** Plain data: the type of JSON has an index signature, which interfaces lack. */
const asJson = (configuration: WebhookConfiguration): JsonObject => configuration as unknown as JsonObject;

/** Who else owns a configuration; undefined when it is ours. `ownRole` is the ClusterRole of our installation. */
export function otherInstallation(configuration: JsonObject, ownRole: string | undefined): string | undefined {
  const metadata = objectAt(configuration, "metadata");
  if (textsAt(metadata, "labels")[managedBy.label] !== managedBy.value) return "a control plane that is not Pillion";
  const roles = listAt(metadata, "ownerReferences").map(({ name }) => String(name));
  const isOurs = ownRole === undefined ? roles.length === 0 : roles.every((name) => name === ownRole);
  return isOurs ? undefined : `the Pillion installation of ClusterRole "${roles.join(", ") || "(none)"}"`;
}
