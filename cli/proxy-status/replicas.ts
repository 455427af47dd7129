// Every replica of the control plane is asked, because each knows only the proxies that are connected to it. On a cluster the
// API server passes the question on (the subresource pods/proxy), so that nobody needs a way into the pods' network.
import { errorText, PillionError } from "../../base/error.ts";
import { messageOf } from "../../control-plane/kubernetes/api.ts";
import type { Syncz, SynczProxy } from "../../control-plane/syncz.ts";
import { objectAt, textAt } from "../../injector/json.ts";
import type { ApiClient, ApiResponse } from "../../registry/kubernetes/api-client.ts";
import { parseSyncz } from "./parse-syncz.ts";
import { forbidden, listPods } from "./pods.ts";

/** One control plane process that may be asked. */
export interface Replica {
  /** Its pod's name, or its address. */
  readonly name: string;
  /** Of its pod's label; "" where it is asked directly. */
  readonly revision: string;
  /** About all proxies, or one. @throws {PillionError} when there is no answer. */
  ask(proxy?: string): Promise<Syncz>;
}

/** A proxy, and where it is connected. */
export interface ConnectedProxy extends SynczProxy {
  readonly istiod: string;
}

/** What all replicas together say. */
export interface Asked {
  /** By name; of one that is connected twice, its latest stream. */
  readonly proxies: readonly ConnectedProxy[];
  /** Revisions of which every replica has answered: a pod of these that is not among the proxies is not connected. */
  readonly complete: ReadonlySet<string>;
  /** A sentence for each replica that gave no answer. */
  readonly problems: readonly string[];
}

const monitoringPort = 15014;
const path = "/debug/syncz";
/** A replica that is overloaded answers late; one that hangs is not waited for. */
const timeoutMs = 10_000;
/** Thousands of proxies of some kilobytes each. */
const bodyLimitBytes = 64 * 1024 * 1024;

/** Pods of the control plane that run. @throws {PillionError} KUBERNETES_FORBIDDEN, NO_CONTROL_PLANE, and those of the client. */
export async function replicasOf(
  client: ApiClient,
  { namespace, revision }: { readonly namespace: string; readonly revision: string | undefined },
  signal: AbortSignal,
): Promise<readonly Replica[]> {
  const labelSelector = revision === undefined ? "app=istiod" : `app=istiod,istio.io/rev=${revision}`;
  const pods = await listPods(client, { namespace, labelSelector, fieldSelector: "status.phase=Running" }, signal);
  if (pods.length === 0) {
    throw new PillionError("NO_CONTROL_PLANE", {
      problem: `no pod with ${labelSelector} runs in namespace ${namespace}`,
      reason: "Only the control plane knows which proxies are connected",
      fix: "Name its namespace with -i, or see pillion check",
    });
  }
  return pods.map((pod) => {
    const metadata = objectAt(pod, "metadata");
    const name = textAt(metadata, "name");
    const ask = async (proxy?: string): Promise<Syncz> => {
      const at = `/api/v1/namespaces/${namespace}/pods/${name}:${monitoringPort}/proxy${path}`;
      const response = await client.request({ method: "GET", path: at, query: { proxy }, timeoutMs, signal });
      return answerOf(name, response, namespace);
    };
    return { name, revision: textAt(objectAt(metadata, "labels"), "istio.io/rev"), ask };
  });
}

/** A control plane at this address: `http://127.0.0.1:15014`. @throws {PillionError} CONTROL_PLANE_ADDRESS when it is none. */
export function replicaAt(address: string, signal: AbortSignal): Replica {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new PillionError("CONTROL_PLANE_ADDRESS", {
      problem: `--control-plane "${address}" is no http:// address`,
      fix: `Write it like --control-plane http://127.0.0.1:${monitoringPort}: where it has --monitoring`,
    });
  }
  const ask = async (proxy?: string): Promise<Syncz> => {
    const at = new URL(path, url);
    if (proxy !== undefined) at.searchParams.set("proxy", proxy);
    return answerOf(url.host, await get(at, signal), "");
  };
  return { name: url.host, revision: "", ask };
}

/** Ask them all at once. @throws {PillionError} the first problem when nobody has an answer. */
export async function askAll(replicas: readonly Replica[], signal: AbortSignal): Promise<Asked> {
  const answers = await Promise.allSettled(replicas.map((replica) => replica.ask()));
  signal.throwIfAborted();
  const proxies = new Map<string, ConnectedProxy>();
  const complete = new Set<string>();
  const silent = new Set<string>();
  const failures: unknown[] = [];
  for (const [index, answer] of answers.entries()) {
    const { name = "", revision = "" } = replicas[index] ?? {};
    if (answer.status === "rejected") {
      failures.push(answer.reason);
      silent.add(revision);
      continue;
    }
    complete.add(answer.value.revision);
    for (const proxy of answer.value.proxies) {
      const known = proxies.get(proxy.name);
      if (known !== undefined && known.connectedSeconds <= proxy.connectedSeconds) continue;
      proxies.set(proxy.name, { ...proxy, istiod: name });
    }
  }
  if (failures.length === answers.length) throw failures[0];
  for (const revision of silent) complete.delete(revision);
  const sorted = [...proxies.values()].sort((a, b) => a.name.localeCompare(b.name, "en"));
  return { proxies: sorted, complete, problems: failures.map(errorText) };
}

async function get(url: URL, signal: AbortSignal): Promise<ApiResponse> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    const body: ReadableStream<Uint8Array> | null = response.body;
    const chunks: Uint8Array[] = [];
    let sizeBytes = 0;
    for await (const chunk of body ?? []) {
      sizeBytes += chunk.length;
      if (sizeBytes > bodyLimitBytes) throw new Error(`the answer has more than ${bodyLimitBytes} bytes`);
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString("utf8");
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, headers: {}, body: isJson ? (JSON.parse(text) as unknown) : text };
  } catch (cause) {
    signal.throwIfAborted();
    throw new PillionError("CONTROL_PLANE_AWAY", {
      problem: `${url.origin} does not answer`,
      fix: "Check that the control plane runs there with --monitoring, or that kubectl port-forward does",
      cause,
    });
  }
}

function answerOf(name: string, response: ApiResponse, namespace: string): Syncz {
  const { status } = response;
  const syncz = status === 200 ? parseSyncz(response.body) : undefined;
  if (syncz !== undefined) return syncz;
  const message = messageOf(response);
  // The API server's own refusal names the subresource; another mesh's control plane may answer 403 as well.
  if (status === 403 && message.includes("pods/proxy")) throw forbidden("get", "pods/proxy", namespace, message);
  throw new PillionError("CONTROL_PLANE_ANSWER", {
    problem: `${name} gives no answer that can be used: ${status === 200 ? "it is no control plane of Pillion" : `status ${status}, ${message.slice(0, 300) || "no reason"}`}`,
    fix:
      namespace === ""
        ? "Give the address of its --monitoring port"
        : `See kubectl logs -n ${namespace} ${name}; choose a control plane with -r; or kubectl port-forward -n ${namespace} ${name} ${monitoringPort} and --control-plane http://127.0.0.1:${monitoringPort}`,
  });
}
