// Who may have which configuration: a proxy is the pod that its token was made for, and nothing else.
import { status } from "@grpc/grpc-js";
import { type Ca, caPublicKey } from "../certs/ca.ts";
import { verifyToken } from "../certs/token.ts";
import type { ProxyNode } from "../envoy/resource.ts";
import { sidecarNames } from "../model/sidecar.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Authentication, Credentials } from "../xds/session-deps.ts";
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

/** What a token was found to be. */
export type TokenAnswer =
  | {
      readonly ok: true;
      readonly namespace: string;
      readonly pod: string;
      /** Another pod of the same name has another one. undefined: the name is enough. */
      readonly podUid?: string;
      readonly serviceAccount: string;
    }
  /** A sentence without a full stop, and without the token. */
  | { readonly ok: false; readonly code: status; readonly reason: string };

/** Whether a token is genuine, for the control plane and good now; and whose it is. */
export type CheckToken = (token: string, signal: AbortSignal) => TokenAnswer | Promise<TokenAnswer>;

/** Checks tokens that the CA of a mesh without Kubernetes signed. */
export function localTokens(ca: Pick<Ca, "certificatePem">, clock: Clock): CheckToken {
  const publicKey = caPublicKey(ca);
  return (token) => {
    const verdict = verifyToken(publicKey, token, { now: clock.now(), audience: sidecarNames.tokenAudience });
    if (!verdict.ok) return { ...verdict, code: status.UNAUTHENTICATED };
    const { namespace, pod, serviceAccount } = verdict.claims;
    return { ok: true, namespace, pod: pod.name, serviceAccount };
  };
}

/** What an authenticator needs. */
export interface AuthenticatorDeps {
  readonly checkToken: CheckToken;
  readonly snapshots: { current(): Snapshot; subscribe(listener: () => void): () => void };
  /** The uid of the pod that has this name now; undefined where it is not known. */
  readonly podUid: (namespace: string, pod: string) => string | undefined;
}

/** Holds a proxy to what its token says; on a plain-text stream (loopback only) a proxy is who it says it is. */
export function createAuthenticator(
  deps: AuthenticatorDeps,
): (credentials: Credentials, signal: AbortSignal) => Promise<Authentication> {
  return async ({ token, nodeId, encrypted }, signal) => {
    const proxy = parseNodeId(nodeId);
    if (proxy === undefined) {
      return denied(
        status.INVALID_ARGUMENT,
        `Node id "${nodeId}" is not TYPE~IP~POD.NAMESPACE~DOMAIN with TYPE sidecar or router`,
      );
    }
    if (!encrypted) return admitted(proxy, await workloadOf(deps, proxy, signal));
    if (token === undefined) return denied(status.UNAUTHENTICATED, "There is no token in the authorization header");
    const answer = await deps.checkToken(token, signal);
    if (!answer.ok) return answer;
    const { namespace, pod, podUid, serviceAccount } = answer;
    if (namespace !== proxy.namespace || pod !== proxy.pod) {
      return denied(
        status.PERMISSION_DENIED,
        `The token is for pod ${namespace}/${pod}, and the proxy says that it is ${proxy.namespace}/${proxy.pod}`,
      );
    }
    const workload = await workloadOf(deps, proxy, signal, podUid);
    const knownUid = deps.podUid(namespace, pod);
    if (workload === undefined && podUid !== undefined && knownUid !== undefined && knownUid !== podUid) {
      return denied(
        status.PERMISSION_DENIED,
        `The token is for another pod ${namespace}/${pod}, which had this name before or is not known yet`,
      );
    }
    if (workload !== undefined && workload.serviceAccount !== serviceAccount) {
      return denied(
        status.PERMISSION_DENIED,
        `The token is for service account ${serviceAccount}, and the pod runs as ${workload.serviceAccount}`,
      );
    }
    return admitted(proxy, workload);
  };
}

type KnownWorkload = Awaited<ReturnType<typeof workloadOf>>;

function admitted(proxy: ProxyNode, workload: KnownWorkload): Authentication {
  if (workload === undefined) {
    return denied(status.UNAVAILABLE, `Pod ${proxy.namespace}/${proxy.pod} is not known (yet)`);
  }
  return { ok: true, proxy, identity: workload.identity, workload: `${proxy.namespace}/${workload.owner}` };
}

/** The proxy's pod, as soon as it is known (with that uid); undefined when that takes too long. */
async function workloadOf(deps: AuthenticatorDeps, proxy: ProxyNode, signal: AbortSignal, uid?: string) {
  const { snapshots } = deps;
  const isAnother = (): boolean => {
    const known = deps.podUid(proxy.namespace, proxy.pod);
    return uid !== undefined && known !== undefined && known !== uid;
  };
  const find = () => (isAnother() ? undefined : snapshots.current().workloads.get(`${proxy.namespace}/${proxy.pod}`));
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
