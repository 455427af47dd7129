// pillion check-inject: would a pod get a proxy, from which webhook, and if not, why?
import { parseArgs } from "node:util";
import { PillionError } from "../../base/error.ts";
import { type KubernetesApi, kubernetesApi } from "../../control-plane/kubernetes/api.ts";
import { injectorName } from "../../control-plane/kubernetes/webhook-configurations.ts";
import { parseJson } from "../../injector/forms.ts";
import { isObject, type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { podOf } from "../../injector/pod-templates.ts";
import { type InjectorSettings, injectorSettings } from "../../injector/settings.ts";
import { settingsFromValues } from "../../injector/values.ts";
import { createApiClient } from "../../registry/kubernetes/api-client.ts";
import { type Place, placeOf } from "../check-inject/place.ts";
import { namespaceFacts, revisionOf, webhookRows } from "../check-inject/webhook-rows.ts";
import { accessOf, clusterFlags } from "../cluster-flags.ts";
import { tableLines } from "../table.ts";
import type { Io, Verb } from "../verb.ts";

const usage = `
Usage: pillion check-inject POD|KIND/NAME [-n NAMESPACE] [-i NAMESPACE] [-c FILE] [--context NAME]

Says for each injecting webhook of the cluster whether it would put a proxy into this pod if it were created now, and why or
why not. KIND is deployment, statefulset, daemonset, replicaset, job, cronjob or pod (deploy, sts, ds, rs, cj, po).

  -n, --namespace NAME       of the pod                 (default)
  -i, --istioNamespace NAME  of the control plane       (istio-system)
  -c, --kubeconfig FILE      how to reach the cluster   ($KUBECONFIG, else ~/.kube/config)
      --context NAME         of the kubeconfig          (its current one)

Exit code: 0 one webhook injects it, 1 none or more than one, 2 could not run.
`;

export const checkInject: Verb = {
  name: "check-inject",
  summary: "say which webhook would inject a pod, or why none does",
  usage,
  run: async (args, io) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...clusterFlags,
        namespace: { type: "string", short: "n", default: "default" },
        istioNamespace: { type: "string", short: "i", default: "istio-system" },
      },
    });
    const place = placeOf(positionals, values.namespace);
    const client = await createApiClient(accessOf(values));
    try {
      return await explain(kubernetesApi(client, io.signal), { ...place, istio: values.istioNamespace }, io);
    } finally {
      client.close();
    }
  },
};

async function explain(api: KubernetesApi, place: Place & { readonly istio: string }, io: Io): Promise<0 | 1> {
  const object = await api.get(place.path);
  if (object === undefined) {
    throw new PillionError("CHECK_INJECT", {
      problem: `there is no ${place.path.split("/").slice(-2).join("/")} in namespace "${place.namespace}"`,
      fix: "See what there is with kubectl get pods,deployments, or name another namespace with -n",
    });
  }
  const pod = podOf(object) ?? object;
  const namespace = namespaceFacts(place.namespace, await api.get(`/api/v1/namespaces/${place.namespace}`));
  const list = await api.get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations");
  const configurations = listAt(list ?? {}, "items");
  const settings = await settingsOf(api, place.istio, configurations);
  const rows = webhookRows({ pod, namespace, configurations, settings });
  const cells = rows.map(({ webhook, revision, injected, reason }) => [
    webhook,
    revision,
    injected ? "✔" : "✘",
    reason,
  ]);
  io.out.write(`${tableLines(["WEBHOOK", "REVISION", "INJECTED", "REASON"], cells).join("\n")}\n`);
  const count = rows.filter(({ injected }) => injected).length;
  if (rows.length === 0) io.err.write("No webhook of this cluster injects proxies: is the control plane installed?\n");
  if (count > 1) io.err.write("ERROR: more than one webhook would inject it: leave one label, or one revision\n");
  return count === 1 ? 0 : 1;
}

/** What the control planes of this cluster go by, as far as this user may read it. */
async function settingsOf(
  api: KubernetesApi,
  namespace: string,
  configurations: readonly JsonObject[],
): Promise<ReadonlyMap<string, InjectorSettings>> {
  const revisions = [...new Set(configurations.map(revisionOf))];
  const entries = revisions.map(async (revision): Promise<[string, InjectorSettings]> => {
    const map = await api.get(`/api/v1/namespaces/${namespace}/configmaps/${injectorName(revision)}`);
    const values = parseJson(textAt(objectAt(map ?? {}, "data"), "values"));
    return [revision, injectorSettings({ ...(isObject(values) ? settingsFromValues(values).changes : {}), revision })];
  });
  return new Map(await Promise.all(entries));
}
