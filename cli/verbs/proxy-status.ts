// pillion proxy-status: which proxies are connected, and whether each has what it should.
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { errorText, PillionError } from "../../base/error.ts";
import { type ApiClient, createApiClient } from "../../registry/kubernetes/api-client.ts";
import { accessOf, clusterFlags } from "../cluster-flags.ts";
import { detailLines, errorText as refusalText } from "../proxy-status/detail.ts";
import { isMeant, parsePodArgument } from "../proxy-status/pod-argument.ts";
import { expectedProxy, listPods } from "../proxy-status/pods.ts";
import {
  type Asked,
  askAll,
  type ConnectedProxy,
  type Replica,
  replicaAt,
  replicasOf,
} from "../proxy-status/replicas.ts";
import { header, missingRow, notConnected, proxyRow } from "../proxy-status/rows.ts";
import { tableLines } from "../table.ts";
import type { Io, Verb } from "../verb.ts";

const usage = `
Usage: pillion proxy-status [[pod/]NAME[.NAMESPACE] | deploy/NAME[.NAMESPACE]] [flags]
       pillion ps ...

Lists the proxies that are connected to the control plane, and for each type of configuration where it stands: SYNCED
(acknowledged), STALE (sent, not acknowledged), NOT SENT, ERROR (refused by Envoy; the reason is told below the table), since
when; then pods that have a proxy of this control plane and no connection: NOT CONNECTED. With a name: that proxy in detail.

  -n, --namespace NAME         proxies of this namespace          (all; for a name: of the kubeconfig's context)
  -A, --all-namespaces         proxies of all namespaces
  -o, --output FORMAT          table, json or yaml                (table)
  -r, --revision NAME          ask this control plane             (all)
  -i, --istioNamespace NAME    of the control plane               (istio-system)
  -c, --kubeconfig FILE        how to reach the cluster           ($KUBECONFIG, else ~/.kube/config)
      --context NAME           of the kubeconfig                  (its current one)
      --control-plane URL      ask the control plane whose --monitoring port this is, without a cluster; may be repeated

On a cluster it needs the rights to list pods, and to get pods/proxy in the control plane's namespace.

Exit code: 0 there is an answer, whatever it says; 2 could not run.`;

const options = {
  namespace: { type: "string", short: "n" },
  "all-namespaces": { type: "boolean", short: "A", default: false },
  output: { type: "string", short: "o", default: "table" },
  revision: { type: "string", short: "r" },
  istioNamespace: { type: "string", short: "i", default: "istio-system" },
  ...clusterFlags,
  "control-plane": { type: "string", multiple: true, default: [] as string[] },
  // Istio's verb prints these columns only with -v 1.
  verbosity: { type: "string", short: "v" },
} as const;

/** @see usage */
export const proxyStatus: Verb = {
  name: "proxy-status",
  summary: "which proxies are connected, and whether each has what it should",
  usage,
  run: async (args, io) => {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const { output, revision, istioNamespace, "control-plane": addresses } = values;
    if (positionals.length > 1 || !["table", "json", "yaml"].includes(output)) throw wrongUse(positionals, output);
    const argument = positionals[0] === undefined ? undefined : parsePodArgument(positionals[0]);
    const namespace = values["all-namespaces"] ? undefined : values.namespace;
    const client = addresses.length > 0 ? undefined : await createApiClient(accessOf(values));
    try {
      const replicas =
        client === undefined
          ? addresses.map((address) => replicaAt(address, io.signal))
          : await replicasOf(client, { namespace: istioNamespace, revision }, io.signal);
      const asked = await askAll(replicas, io.signal);
      const missing = client === undefined ? [] : await missingProxies(client, asked, namespace, io);
      for (const problem of asked.problems) io.err.write(`pillion proxy-status: ${problem}\n`);
      if (argument === undefined) {
        const isShown = (name: string): boolean => namespace === undefined || name.endsWith(`.${namespace}`);
        const proxies = asked.proxies.filter(({ name }) => isShown(name));
        printAll({ proxies, missing: missing.filter(isShown) }, output, io);
        return 0;
      }
      const home = namespace ?? client?.namespace ?? "default";
      const isChosen = (name: string): boolean => isMeant(argument, name, home);
      const chosen = asked.proxies.filter(({ name }) => isChosen(name));
      const lost = missing.filter(isChosen);
      if (chosen.length + lost.length === 0) throw unknown(positionals[0] ?? "", home, asked);
      printDetails({ proxies: await inDetail(chosen, replicas), missing: lost }, output, io);
      return 0;
    } finally {
      client?.close();
    }
  },
};

/** What is printed: proxies with a stream, and names of those without. */
interface Listed {
  readonly proxies: readonly ConnectedProxy[];
  readonly missing: readonly string[];
}

/** Without the right to list pods the rest is still worth knowing. */
async function missingProxies(
  client: ApiClient,
  { proxies, complete }: Asked,
  namespace: string | undefined,
  io: Io,
): Promise<readonly string[]> {
  const connected = new Set(proxies.map(({ name }) => name));
  try {
    const fieldSelector = "status.phase!=Succeeded,status.phase!=Failed";
    const pods = await listPods(client, { namespace, fieldSelector }, io.signal);
    const expected = pods.map((pod) => expectedProxy(pod, complete)).filter((name) => name !== undefined);
    return expected.filter((name) => !connected.has(name)).sort((a, b) => a.localeCompare(b, "en"));
  } catch (thrown) {
    io.signal.throwIfAborted();
    io.err.write(`pillion proxy-status: pods that are not connected are not shown: ${errorText(thrown)}\n`);
    return [];
  }
}

async function inDetail(
  proxies: readonly ConnectedProxy[],
  replicas: readonly Replica[],
): Promise<readonly ConnectedProxy[]> {
  return Promise.all(
    proxies.map(async (proxy) => {
      const answer = await replicas.find(({ name }) => name === proxy.istiod)?.ask(proxy.name);
      // It may have left meanwhile.
      return { ...proxy, ...answer?.proxies[0] };
    }),
  );
}

function printAll(listed: Listed, output: string, io: Io): void {
  if (output !== "table") {
    printData(listed, output, io);
    return;
  }
  const { proxies, missing } = listed;
  const cluster = proxies[0]?.cluster ?? "";
  const rows = [...proxies.map(proxyRow), ...missing.map((name) => missingRow(name, cluster))];
  io.out.write(`${tableLines(header, rows, "     ").join("\n")}\n`);
  for (const { name, errors } of proxies) {
    for (const error of errors) io.err.write(`${name} refuses ${refusalText(error)}\n`);
  }
}

function printDetails(listed: Listed, output: string, io: Io): void {
  if (output !== "table") {
    printData(listed, output, io);
    return;
  }
  const blocks = listed.proxies.map((proxy) => detailLines(proxy).join("\n"));
  for (const name of listed.missing) {
    const dot = name.lastIndexOf(".");
    const look = `kubectl logs -n ${name.slice(dot + 1)} ${name.slice(0, dot)} -c istio-proxy`;
    blocks.push(`Proxy:         ${name}\nConnected to:  ${notConnected}. Its own log says why: ${look}`);
  }
  io.out.write(`${blocks.join("\n\n")}\n`);
}

function printData({ proxies, missing }: Listed, output: string, io: Io): void {
  const all = [
    ...proxies.map((proxy) => ({ ...proxy, connected: true })),
    ...missing.map((name) => ({ name, connected: false })),
  ];
  io.out.write(output === "json" ? `${JSON.stringify(all, undefined, 2)}\n` : stringify(all));
}

function wrongUse(positionals: readonly string[], output: string): PillionError {
  if (positionals.length > 1) {
    return new PillionError("POD_ARGUMENT", {
      problem: `${positionals.join(" ")} are several names`,
      fix: "Give one name, or none for all proxies",
    });
  }
  return new PillionError("OUTPUT", { problem: `-o "${output}" is unknown`, fix: "Use table, json or yaml" });
}

function unknown(argument: string, namespace: string, { proxies }: Asked): PillionError {
  const text = argument.slice(argument.indexOf("/") + 1);
  const elsewhere = proxies.map(({ name }) => name).filter((name) => name.startsWith(text));
  return new PillionError("PROXY_UNKNOWN", {
    problem: `no proxy "${argument}" is connected or awaited in namespace ${namespace}`,
    fix:
      elsewhere.length > 0
        ? `Name its namespace: ${elsewhere.slice(0, 3).join(", ")}`
        : "See kubectl get pods whether it has a container istio-proxy, and pillion proxy-status for all that are connected",
  });
}
