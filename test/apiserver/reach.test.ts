// Each step of the way from the API server to the webhook, broken: the self-test says which one it is.
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createCa, type Issued, issue } from "../../certs/ca.ts";
import { newKeyPair } from "../../control-plane/keys.ts";
import { kubernetesApi } from "../../control-plane/kubernetes/api.ts";
import { applyWebhooks } from "../../control-plane/kubernetes/apply-webhooks.ts";
import { selfTest } from "../../control-plane/kubernetes/self-test.ts";
import type { WebhookFacts } from "../../control-plane/kubernetes/webhook-configurations.ts";
import { type ApiClient, createApiClient } from "../../registry/kubernetes/api-client.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { pillion, prepare } from "./control-plane-process.ts";
import { freePort } from "./programs.ts";

let cluster: ApiServer;
let client: ApiClient;
let server: Server | undefined;
const stop = new AbortController();
const patiently = { timeout: 60_000, interval: 200 };

const now = Date.now();
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const otherCa = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const certificateBy = (one: typeof ca, names: object = { ipAddresses: ["127.0.0.1"] }): Issued =>
  issue(one, { now, newKeyPair, dnsNames: [], ...names });

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  client = await createApiClient({ kubeconfig: cluster.kubeconfigFile });
});
afterEach(async () => {
  server?.close();
  server = undefined;
});
afterAll(async () => {
  stop.abort();
  client?.close();
  await cluster?.stop();
});

/** Where it listens: `https://127.0.0.1:PORT`. */
async function listen(one: Server): Promise<string> {
  server = one.listen(0, "127.0.0.1");
  await once(one, "listening");
  return `https://127.0.0.1:${(one.address() as AddressInfo).port}`; // a TCP server that listens has no other form of address
}

const https = ({ certificateChainPem, privateKey }: Issued, answer: RequestListener): Promise<string> =>
  listen(createHttpsServer({ cert: certificateChainPem, key: privateKey.reveal() }, answer));

/** A Service like the chart's, which nobody stands behind. */
async function service(name: string): Promise<WebhookFacts["target"]> {
  const ports = [{ port: 443, targetPort: 15_017 }];
  const metadata = { name, namespace: "istio-system" };
  await cluster.kubectl(
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "Service", metadata, spec: { ports } }),
  );
  return { type: "service", name };
}

const url = async (text: string | Promise<string>): Promise<WebhookFacts["target"]> => ({
  type: "url",
  url: await text,
});

test.each([
  {
    name: "no Service",
    hop: "service",
    says: "does not exist",
    target: async () => ({ type: "service", name: "nobody" }) as const,
  },
  {
    name: "a Service without a ready pod",
    hop: "endpoints",
    says: "no ready pod",
    target: () => service("istiod"),
  },
  {
    name: "a closed port",
    hop: "port",
    says: "nobody listens",
    target: async () => url(`https://127.0.0.1:${await freePort()}`),
  },
  {
    name: "a certificate of another CA",
    hop: "certificate",
    says: "does not trust",
    target: () => url(https(certificateBy(otherCa), (_, response) => response.end())),
  },
  {
    name: "a certificate for another name",
    hop: "certificate",
    says: "does not have the name",
    target: () => url(https(certificateBy(ca, { dnsNames: ["other.test"] }), (_, response) => response.end())),
  },
  {
    name: "an answer of 500",
    hop: "webhook",
    says: "an error of its own",
    target: () => url(https(certificateBy(ca), (_, response) => response.writeHead(500).end("oh no"))),
  },
  {
    name: "an answer of 404",
    hop: "webhook",
    says: "something else than Pillion",
    target: () => url(https(certificateBy(ca), (_, response) => response.writeHead(404).end("not here"))),
  },
  {
    name: "an answer that is no review",
    hop: "webhook",
    says: "something else than Pillion",
    target: () => url(https(certificateBy(ca), (_, response) => response.end("<html>"))),
  },
  {
    name: "a connection that is cut",
    hop: "webhook",
    says: "is cut before",
    target: () => url(https(certificateBy(ca), (request) => request.socket.destroy())),
  },
  {
    name: "a firewall that swallows",
    hop: "time",
    says: "does not answer in time",
    target: () => url(listen(createServer(() => {}))),
  },
  {
    name: "a webhook that hangs",
    hop: "time",
    says: "does not answer in time",
    target: () => url(https(certificateBy(ca), () => {})),
  },
])("selfTest() tells apart $name", async ({ hop, says, target }) => {
  const facts: WebhookFacts = {
    namespace: "istio-system",
    revision: "default",
    tags: [],
    enableNamespacesByDefault: false,
    target: await target(),
    rootsPem: ca.certificatePem,
    owner: undefined,
  };
  const api = kubernetesApi(client, stop.signal);
  await applyWebhooks(api, facts);
  const look = async (): Promise<string> => {
    const result = await selfTest({
      api,
      namespace: "istio-system",
      revision: "default",
      now: () => performance.now(),
    });
    return result.ok ? "reached" : `${result.hop}: ${result.problem}. ${result.fix}`;
  };
  // The API server hears of a changed configuration by a watch.
  await vi.waitFor(async () => expect(await look()).toMatch(new RegExp(`^${hop}: .*${says}`)), patiently);
  expect(await look()).not.toContain("NAMESPACE");
});

test("pillion check names the step that fails, and the API server's words", async () => {
  const { code, stdout } = await pillion(cluster, "check");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✗ webhook: nobody listens on the webhook's port.* \(port\)\. .*connection refused$/m);
});
