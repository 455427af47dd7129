// pillion check: is the mesh on a cluster installed, and does its API server reach it?
import { parseArgs } from "node:util";
import { checkInstallation } from "../../control-plane/kubernetes/check.ts";
import { createApiClient } from "../../registry/kubernetes/api-client.ts";
import { accessOf, clusterFlags } from "../cluster-flags.ts";
import type { Verb } from "../verb.ts";

const usage = `
Usage: pillion check [-c FILE] [--context NAME] [-n NAMESPACE] [-r REVISION]

Looks at the cluster's version, the CRDs, the control plane and its webhook configurations, and has the API server call the
webhook (a dry run: nothing is stored). Of what fails it says which step of the way it is, and what to do.

  -c, --kubeconfig FILE  how to reach the cluster   ($KUBECONFIG, else ~/.kube/config)
      --context NAME     of the kubeconfig          (its current one)
  -n, --namespace NAME   of the control plane       (istio-system)
  -r, --revision NAME    which control plane        (default)

Exit code: 0 all well, 1 something is not, 2 could not run.`;

export const check: Verb = {
  name: "check",
  summary: "look at the mesh on a cluster, and whether its webhook is reached",
  usage,
  run: async (args, io) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...clusterFlags,
        namespace: { type: "string", short: "n", default: "istio-system" },
        revision: { type: "string", short: "r", default: "default" },
      },
    });
    const client = await createApiClient(accessOf(values));
    try {
      const lines = await checkInstallation(client, values, io.signal);
      for (const { ok, name, text } of lines) io.out.write(`${ok ? "✓" : "✗"} ${name}: ${text}\n`);
      return lines.every(({ ok }) => ok) ? 0 : 1;
    } finally {
      client.close();
    }
  },
};
