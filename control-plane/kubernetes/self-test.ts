// Does the API server reach our webhook? Asked the only way that counts: a dry run that the webhook must refuse.
import { type JsonObject, listAt, objectAt } from "../../injector/json.ts";
import { jsonObject, type KubernetesApi, messageOf } from "./api.ts";
import { type FailedHop, failedHop, type Hop, noEndpoints } from "./hops.ts";

export type SelfTest =
  | { readonly ok: true; readonly ms: number }
  /** `words` are the API server's; "" where it said nothing. */
  | ({ readonly ok: false; readonly words: string } & FailedHop);

export interface SelfTestDeps {
  readonly api: Pick<KubernetesApi, "ask">;
  readonly namespace: string;
  readonly revision: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** Nothing is stored: it is a dry run, and the object is one that the webhook refuses. */
const name = "pillion-self-test";
const path = (namespace: string): string => `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices`;

/** Where it can fail once the address of the Service is called: without pods a stranger may be the one who answers there. */
const hopsBehindService: ReadonlySet<Hop> = new Set(["port", "time", "certificate", "webhook"]);

/** Ask once. @throws {PillionError} those of the API client, when there is no API server to ask. */
export async function selfTest({ api, namespace, revision, now }: SelfTestDeps): Promise<SelfTest> {
  const begin = now();
  const body = probe(namespace, revision);
  const response = await api.ask("POST", path(namespace), body, { dryRun: "All" });
  const verdict = readAnswer(response.status, messageOf(response), jsonObject(response.body));
  if (verdict === undefined) return { ok: true, ms: now() - begin };
  const isNobodyThere = hopsBehindService.has(verdict.hop) && (await lacksEndpoints(api, verdict.words));
  const { hop, problem, fix } = isNobodyThere ? noEndpoints : verdict;
  return { ...verdict, hop, problem, fix: fix.replaceAll("NAMESPACE", namespace) };
}

/** Whether the Service that the API server called has no ready pod. false where it called none, or we may not look. */
async function lacksEndpoints(api: Pick<KubernetesApi, "ask">, words: string): Promise<boolean> {
  const [, service, namespace] = /https:\/\/([^./]+)\.([^./]+)\.svc:/.exec(words) ?? [];
  if (service === undefined || namespace === undefined) return false;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const found = await api.ask("GET", slices, undefined, { labelSelector: `kubernetes.io/service-name=${service}` });
  if (found.status !== 200) return false;
  const endpoints = listAt(jsonObject(found.body), "items").flatMap((slice) => listAt(slice, "endpoints"));
  return endpoints.every((endpoint) => objectAt(endpoint, "conditions")["ready"] === false);
}

/** A VirtualService without hosts. Its label leads it to the webhook of this revision only. */
function probe(namespace: string, revision: string): JsonObject {
  return {
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace, labels: { "istio.io/rev": revision } },
    spec: { hosts: [] },
  };
}

/** What the answer to the dry run says; undefined: the webhook was asked and judged. */
export function readAnswer(
  status: number,
  message: string,
  body: JsonObject,
): Exclude<SelfTest, { ok: true }> | undefined {
  const failed = (parts: FailedHop) => ({ ok: false, words: message, ...parts }) as const;
  if (message.includes("denied the request") && /PIL\d{4}/.test(message)) return undefined;
  if (status >= 200 && status < 300) {
    return failed({
      hop: "configuration",
      problem: "the API server stores Istio objects without asking the webhook",
      fix: "The control plane writes the webhook configuration within seconds; if it stays, see kubectl get validatingwebhookconfigurations",
    });
  }
  if (status === 404 && !message.includes("failed calling webhook")) {
    return failed({
      hop: "crds",
      problem:
        body["reason"] === "NotFound" && message.includes("namespaces")
          ? "the namespace does not exist"
          : "the CRDs of Istio's API are not installed",
      fix: "helm install istio-base charts/base -n istio-system",
    });
  }
  if ((status === 403 || status === 401) && !message.includes("webhook")) {
    return failed({
      hop: "rights",
      problem: "this user may not create VirtualServices, not even in a dry run",
      fix: "Give the right to create virtualservices.networking.istio.io in the control plane's namespace",
    });
  }
  return failed(failedHop(message));
}
