// `pillion check`: is the mesh on this cluster installed, and does the API server reach it? One line for each thing to know.
import { descriptions, kinds } from "../../api/kinds.ts";
import { errorText } from "../../base/error.ts";
import { type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import type { ApiClient } from "../../registry/kubernetes/api-client.ts";
import { checkServerVersion } from "../../registry/kubernetes/server-version.ts";
import { serviceName } from "../config.ts";
import { type KubernetesApi, kubernetesApi } from "./api.ts";
import { otherInstallation, webhookPaths } from "./apply-webhooks.ts";
import { component } from "./events.ts";
import { notReady } from "./readiness-events.ts";
import { selfTest } from "./self-test.ts";

/** One thing that was looked at. */
export interface CheckLine {
  readonly ok: boolean;
  /** What was looked at: "webhook". */
  readonly name: string;
  /** What was seen, and what to do about it. */
  readonly text: string;
}

/** Which installation to look at. */
export interface CheckedInstallation {
  readonly namespace: string;
  readonly revision: string;
}

/** All lines. The first that fails often explains the others. @throws {PillionError} only when `signal` is aborted. */
export async function checkInstallation(
  client: ApiClient,
  { namespace, revision }: CheckedInstallation,
  signal: AbortSignal,
): Promise<readonly CheckLine[]> {
  const api = kubernetesApi(client, signal);
  const steps: Readonly<Record<string, () => Promise<CheckLine["text"]>>> = {
    "API server": async () => {
      const { body } = await api.ask("GET", "/version");
      return `${client.server} runs Kubernetes ${checkServerVersion(body, client.server)}`;
    },
    CRDs: async () => {
      const wanted = kinds.map((kind) => descriptions[kind]).filter(({ meshKind }) => meshKind);
      const names = wanted.map(({ plural, group }) => `${plural}.${group}`);
      const found = await Promise.all(
        names.map((name) => api.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)),
      );
      const missing = names.filter((_, index) => found[index] === undefined);
      if (missing.length === 0) return `all ${names.length} are there`;
      throw new Error(`${missing.join(", ")} are missing. helm install istio-base charts/base -n ${namespace}`);
    },
    "control plane": async () => {
      const name = serviceName(revision);
      const deployment = await api.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${name}`);
      if (deployment === undefined) {
        throw new Error(
          `there is no Deployment ${namespace}/${name}. helm install ${name} charts/pillion -n ${namespace}`,
        );
      }
      const ready = Number(objectAt(deployment, "status")["readyReplicas"] ?? 0);
      if (ready > 0) return `${namespace}/${name} has ${ready} ready`;
      const words = lastWords(await notReadyEvents(api, namespace), name);
      const see = `See kubectl describe deployment -n ${namespace} ${name}`;
      throw new Error(`no pod of ${namespace}/${name} is ready. ${words === "" ? see : `It says: ${words}`}`);
    },
    "webhook configurations": async () => {
      for (const path of webhookPaths(revision, namespace)) {
        const name = path.slice(path.lastIndexOf("/") + 1);
        const present = await api.get(path);
        if (present === undefined) throw new Error(`${name} is missing. The control plane writes it when it is ready`);
        const [owner] = listAt(objectAt(present, "metadata"), "ownerReferences").map((one) => textAt(one, "name"));
        const other = otherInstallation(present, owner);
        if (other !== undefined) throw new Error(`${name} belongs to ${other}`);
      }
      return "both are there";
    },
    webhook: async () => {
      const result = await selfTest({ api, namespace, revision, now: () => performance.now() });
      if (result.ok) return `the API server reaches it (${result.ms.toFixed(0)} ms)`;
      throw new Error([`${result.problem} (${result.hop})`, result.fix, result.words].filter(Boolean).join(". "));
    },
  };
  const lines: CheckLine[] = [];
  for (const [name, look] of Object.entries(steps)) {
    try {
      lines.push({ ok: true, name, text: await look() });
    } catch (thrown) {
      signal.throwIfAborted();
      lines.push({ ok: false, name, text: errorText(thrown) });
      // Nothing else can be asked.
      if (name === "API server") break;
    }
  }
  return lines;
}

async function notReadyEvents(api: Pick<KubernetesApi, "get">, namespace: string): Promise<readonly JsonObject[]> {
  const list = await api.get(`/api/v1/namespaces/${namespace}/events`, { fieldSelector: `reason=${notReady.bad}` });
  return listAt(list ?? {}, "items");
}

/** What this control plane says of itself, by the last of its Events; "" where there is none. Revisions share a namespace. */
export function lastWords(events: readonly JsonObject[], deployment: string): string {
  // Its pods are called DEPLOYMENT-HASH-RANDOM, and a revision may end like a hash.
  const own = new RegExp(`^${deployment}(-[a-z0-9]+-[a-z0-9]{5})?$`);
  const ours = events.filter(
    (event) =>
      textAt(event, "reportingComponent") === component && own.test(textAt(objectAt(event, "involvedObject"), "name")),
  );
  const last = ours
    .toSorted((one, other) => (textAt(one, "lastTimestamp") < textAt(other, "lastTimestamp") ? -1 : 1))
    .at(-1);
  return last === undefined ? "" : textAt(last, "message");
}
