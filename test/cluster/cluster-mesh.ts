// The walkthrough's view of a mesh on a real cluster: rules are applied with kubectl, requests are curl in a pod.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type Answer, answerEnd, parseAnswers } from "../../cli/demo/answer.ts";
import type { Ask, DemoMesh, DemoPod, Place } from "../../cli/demo/mesh.ts";
import { kubectl, type Output, root, start, tryRun } from "./commands.ts";

/** "host/" is the machine that the node runs on. */
const hostPlace: Place = "host/";
const defaultMaxSeconds = 15;

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly namespace: string; readonly deletionTimestamp?: string };
    readonly spec: {
      readonly containers: readonly object[];
      readonly initContainers?: readonly { readonly restartPolicy?: string }[];
    };
    readonly status: {
      readonly podIP?: string;
      readonly containerStatuses?: readonly { readonly ready: boolean }[];
      readonly initContainerStatuses?: readonly { readonly ready: boolean; readonly started?: boolean }[];
    };
  }[];
}

/** The node, as clients outside of the cluster reach it. */
export const nodeAddress = (): string =>
  kubectl("get", "nodes", "-o", 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}');

/** Every pod that is not on its way out, with READY as kubectl counts it. */
export function pods(): readonly DemoPod[] {
  const { items } = JSON.parse(kubectl("get", "pods", "-A", "-o", "json")) as PodList; // kubectl's own form
  return items
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => {
      const restarting = (spec.initContainers ?? []).map(({ restartPolicy }) => restartPolicy === "Always");
      const sidecars = (status.initContainerStatuses ?? []).filter((_, index) => restarting[index] === true);
      const ready = [...(status.containerStatuses ?? []), ...sidecars].filter((container) => container.ready).length;
      const total = spec.containers.length + restarting.filter((is) => is).length;
      return { namespace: metadata.namespace, name: metadata.name, ip: status.podIP ?? "", ready: `${ready}/${total}` };
    });
}

function split(place: Place): { readonly namespace: string; readonly name: string } {
  const slash = place.indexOf("/");
  return { namespace: place.slice(0, slash), name: place.slice(slash + 1) };
}

/** Run in a container of a Deployment's pod; the pod's first container unless another is named. */
export const exec: DemoMesh["exec"] = async (place, command, { container, input } = {}): Promise<Output> => {
  if (place === hostPlace) return start(command, input);
  const { namespace, name } = split(place);
  const words = container === "istio-proxy" ? inProxy(command) : command;
  const flags = [...(container === undefined ? [] : ["-c", container]), ...(input === undefined ? [] : ["-i"])];
  return start(["kubectl", "exec", "-n", namespace, `deploy/${name}`, ...flags, "--", ...words], input);
};

/** The sandbox has this machine's curl in the proxy's container; the image has the script that people know. */
function inProxy(command: readonly string[]): readonly string[] {
  const path = /^http:\/\/127\.0\.0\.1:15000\/(.*)$/.exec(command.at(-1) ?? "")?.[1];
  return command[0] === "curl" && path !== undefined ? ["pilot-agent", "request", "GET", path] : command;
}

/** Ask with one curl, so many times over. The part after "#" makes URLs differ, and is not sent. */
export async function askMany(from: Place, url: string, ask: Ask): Promise<readonly Answer[]> {
  const { headers = [], times = 1, maxSeconds = defaultMaxSeconds, args = [] } = ask;
  const words = ["curl", "-sS", "-i", "-m", `${maxSeconds}`, "-w", answerEnd, ...headers.flatMap((one) => ["-H", one])];
  return parseAnswers((await exec(from, [...words, ...args, times === 1 ? url : `${url}#[1-${times}]`])).stdout);
}

/** Ask once; status 0 where there is no answer. */
export async function ask(from: Place, url: string, options: Ask = {}): Promise<Answer> {
  const [answer] = await askMany(from, url, options);
  return answer ?? { status: 0, headers: {}, body: "", ms: 0 };
}

/** Wait until every Deployment of these namespaces is rolled out. @throws Error with kubectl's words after the time. */
export function rolledOut(namespaces: readonly string[], seconds = 180): void {
  for (const namespace of namespaces) kubectl("rollout", "status", "-n", namespace, "deploy", `--timeout=${seconds}s`);
}

/** The ingress gateway's port 80 on the node. */
export function ingressUrl(): string {
  const path = '{.spec.ports[?(@.name=="http2")].nodePort}';
  return `http://${nodeAddress()}:${kubectl("get", "svc", "-n", "istio-system", "istio-ingressgateway", "-o", `jsonpath=${path}`)}`;
}

/** Wait until nobody answers on the control plane's monitoring port there. */
async function gone(address: string): Promise<void> {
  const isThere = (): Promise<boolean> =>
    fetch(`http://${address}:15014/readyz`, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    );
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const meshConfig = ["get", "configmap", "-n", "istio-system", "istio", "-o", "json"];

/** The mesh that is installed. What {@link DemoMesh.apply} puts in, `restore` takes away. */
export function clusterMesh(): DemoMesh {
  const applied = new Map<string, string>();
  const configBefore = kubectl(...meshConfig);
  const url = ingressUrl();
  const podsOf = (place: Place): readonly DemoPod[] => {
    const { namespace, name } = split(place);
    return pods().filter((pod) => pod.namespace === namespace && new RegExp(`^${name}(-[a-z0-9]+){2}$`).test(pod.name));
  };
  // What is refused shows in what the mesh does, as in a folder of files.
  const apply = (name: string, yaml: string): void => {
    if (tryRun(["kubectl", "apply", "-f", "-"], yaml).status === 0) applied.set(name, yaml);
  };
  const remove = (name: string): void => {
    const yaml = applied.get(name);
    applied.delete(name);
    if (yaml === undefined) return;
    if (/kind: ConfigMap\nmetadata: \{ name: istio,/.test(yaml))
      tryRun(["kubectl", "replace", "-f", "-"], configBefore.replace(/"resourceVersion": "\d+",?/, ""));
    else tryRun(["kubectl", "delete", "--ignore-not-found", "-f", "-"], yaml);
  };
  const scale = async (replicas: number): Promise<void> => {
    await start(["kubectl", "scale", "-n", "istio-system", "deploy/istiod", `--replicas=${replicas}`]);
  };
  return {
    ingressUrl: url,
    directory: "",
    apply,
    remove,
    applySample: (path) => apply(basename(path, ".yaml"), readFileSync(join(root, "samples", path), "utf8")),
    restore: async () => {
      for (const name of [...applied.keys()]) remove(name);
      rolledOut(["default", "istio-system"]);
    },
    ask,
    askMany,
    askIngress: async (path, options) => ask(hostPlace, `${url}${path}`, options),
    exec,
    // The walkthrough counts proxies, and has its control plane outside of the mesh.
    pods: () => pods().filter(({ name }) => !name.startsWith("istiod-")),
    podsOf,
    logs: (place, container) => {
      const { namespace, name } = split(place);
      return kubectl("logs", "-n", namespace, `deploy/${name}`, "-c", container, "--tail=2000");
    },
    restart: async (place) => {
      const { namespace, name } = split(place);
      kubectl("rollout", "restart", "-n", namespace, `deploy/${name}`);
      kubectl("rollout", "status", "-n", namespace, `deploy/${name}`, "--timeout=120s");
    },
    review: async (yaml) => {
      const { code, stderr } = await start(["kubectl", "apply", "--dry-run=server", "-f", "-"], yaml);
      const warnings = stderr.split("\n").filter((line) => line.startsWith("Warning: "));
      return { allowed: code === 0, message: stderr, warnings };
    },
    controlPlane: {
      kill: async () => {
        const addresses = podsOf("istio-system/istiod").map(({ ip }) => ip);
        await scale(0);
        await start([
          "kubectl",
          "delete",
          "pods",
          "-n",
          "istio-system",
          "-l",
          "app=istiod",
          "--force",
          "--grace-period=0",
        ]);
        // The API server has forgotten the pod before the kubelet ends its process.
        for (const address of addresses) await gone(address);
      },
      start: async () => {
        await scale(1);
        kubectl("rollout", "status", "-n", "istio-system", "deploy/istiod", "--timeout=120s");
      },
      metric: async (name) => {
        const address = podsOf("istio-system/istiod")[0]?.ip ?? "";
        const text = await (await fetch(`http://${address}:15014/metrics`)).text();
        const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
        return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
      },
    },
  };
}
