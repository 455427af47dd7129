// Who may have which configuration: a proxy is the pod that its token was made for, and nothing else.
import { status } from "@grpc/grpc-js";
import { type Ca, caPublicKey } from "../certs/ca.ts";
import { verifyToken } from "../certs/token.ts";
import type { ProxyNode } from "../envoy/resource.ts";
import { sidecarNames } from "../model/sidecar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Authentication, Credentials } from "../xds/session.ts";
import type { Clock } from "./clock.ts";

/** What a node id says: `sidecar~10.1.2.3~reviews-v1-abc.shop~shop.svc.cluster.local`. */
function parseNodeId(nodeId: string): ProxyNode | undefined {
  const [type, address, podAndNamespace, domain, more] = nodeId.split("~");
  const dot = podAndNamespace?.lastIndexOf(".") ?? -1;
  if ((type !== "sidecar" && type !== "router") || domain === undefined || more !== undefined || dot <= 0)
    return undefined;
  const pod = podAndNamespace?.slice(0, dot) ?? "";
  const namespace = podAndNamespace?.slice(dot + 1) ?? "";
  if (namespace === "" || address === undefined || address === "") return undefined;
  return { type: type === "router" ? "gateway" : "sidecar", namespace, pod, address };
}

const denied = (code: status, reason: string): Authentication => ({ ok: false, code, reason });

/** Longest that a proxy waits for its own pod to become known: it may call before the watch has told of it. */
const podPatienceMs = 5_000;

/** What the local authenticator needs. */
export interface LocalAuthenticatorDeps {
  readonly ca: Ca;
  readonly clock: Clock;
  readonly snapshots: { current(): Snapshot; subscribe(listener: () => void): () => void };
}

/** Checks tokens signed with the CA's key; on a plain-text stream (loopback only) a proxy is who it says it is. */
export function createLocalAuthenticator(
  deps: LocalAuthenticatorDeps,
): (credentials: Credentials, signal: AbortSignal) => Promise<Authentication> {
  const publicKey = caPublicKey(deps.ca);
  return async ({ token, nodeId, encrypted }, signal) => {
    const proxy = parseNodeId(nodeId);
    if (proxy === undefined) {
      return denied(
        status.INVALID_ARGUMENT,
        `Node id "${nodeId}" is not TYPE~IP~POD.NAMESPACE~DOMAIN with TYPE sidecar or router`,
      );
    }
    if (encrypted) {
      if (token === undefined) return denied(status.UNAUTHENTICATED, "There is no token in the authorization header");
      const verdict = verifyToken(publicKey, token, { now: deps.clock.now(), audience: sidecarNames.tokenAudience });
      if (!verdict.ok) return denied(status.UNAUTHENTICATED, verdict.reason);
      const { namespace, pod, serviceAccount } = verdict.claims;
      if (namespace !== proxy.namespace || pod.name !== proxy.pod) {
        return denied(
          status.PERMISSION_DENIED,
          `The token is for pod ${namespace}/${pod.name}, and the proxy says that it is ${proxy.namespace}/${proxy.pod}`,
        );
      }
      const workload = await workloadOf(deps, proxy, signal);
      if (workload !== undefined && workload.serviceAccount !== serviceAccount) {
        return denied(
          status.PERMISSION_DENIED,
          `The token is for service account ${serviceAccount}, and the pod runs as ${workload.serviceAccount}`,
        );
      }
      return admitted(proxy, workload);
    }
    return admitted(proxy, await workloadOf(deps, proxy, signal));
  };
}

type KnownWorkload = Awaited<ReturnType<typeof workloadOf>>;

function admitted(proxy: ProxyNode, workload: KnownWorkload): Authentication {
  if (workload === undefined) {
    return denied(status.UNAVAILABLE, `Pod ${proxy.namespace}/${proxy.pod} is not known (yet)`);
  }
  return { ok: true, proxy, identity: workload.identity, workload: `${proxy.namespace}/${workload.owner}` };
}

/** The proxy's pod, as soon as it is known; undefined when that takes too long. */
async function workloadOf({ snapshots }: LocalAuthenticatorDeps, proxy: ProxyNode, signal: AbortSignal) {
  const find = () => snapshots.current().workloads.get(`${proxy.namespace}/${proxy.pod}`);
  if (find() !== undefined) return find();
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, podPatienceMs);
    const unsubscribe = snapshots.subscribe(() => {
      if (find() !== undefined) done();
    });
    signal.addEventListener("abort", done, { once: true });
  });
  return find();
}
