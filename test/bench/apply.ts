// From a rule in the API server to the same rule at a proxy: what the control plane itself takes of `kubectl apply`.
//   npm run bench:apply -- --services 200 --rounds 30
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ApiClient, createApiClient } from "../../registry/kubernetes/api-client.ts";
import { startApiServer } from "../apiserver/api-server.ts";
import { ControlPlane, freePorts } from "../apiserver/control-plane-process.ts";
import { freePort } from "../apiserver/programs.ts";
import { fill, virtualService } from "./cluster-with-services.ts";
import { median } from "./measured-process.ts";
import type { ProxiesTask } from "./proxies.ts";

const number = (standard: string) => ({ type: "string", default: standard }) as const;
const { values } = parseArgs({ options: { services: number("200"), rounds: number("30") } });
const namespace = "bench-0";

const cluster = await startApiServer();
await fill(cluster, { services: Number(values.services), podsPerService: 1, namespaces: 1, virtualServices: 1 });
const port = await freePort();
const controlPlane = new ControlPlane(cluster.kubeconfigFile, await freePorts(), [`--xds-plaintext=127.0.0.1:${port}`]);
const proxies = fork(fileURLToPath(new URL("proxies.ts", import.meta.url)), { execArgv: process.execArgv });
const client = await createApiClient({ kubeconfig: cluster.kubeconfigFile });
try {
  while (!(await controlPlane.isReady())) await pause(50);
  const nodeId = `sidecar~10.244.0.0~pod-0.${namespace}~${namespace}.svc.cluster.local`;
  const hosts = [`8000/service-0.${namespace}.svc.cluster.local`];
  proxies.send({ port, proxies: [{ nodeId, hosts }] } satisfies ProxiesTask);
  await once(proxies, "message");
  await once(proxies, "message");
  const rounds: (readonly [stored: number, there: number])[] = [];
  for (let round = 0; round < Number(values.rounds); round++) rounds.push(await change(client, round));
  const text = (figures: readonly number[]) =>
    `median ${median(figures).toFixed(0)} ms, worst ${Math.max(...figures).toFixed(0)} ms`;
  console.log(`the API server stores the rule, webhook included: ${text(rounds.map(([stored]) => stored))}`);
  console.log(`from its answer until the proxy has the rule: ${text(rounds.map(([, there]) => there))}`);
} finally {
  proxies.kill();
  await controlPlane.end("SIGTERM");
  await cluster.stop();
}

/** Milliseconds until the API server answers, and from then on until the proxy has been sent the new rule (below 0: before). */
async function change(api: ApiClient, round: number): Promise<readonly [number, number]> {
  const path = `/apis/networking.istio.io/v1/namespaces/${namespace}/virtualservices/service-0`;
  const signal = AbortSignal.timeout(60_000);
  const contentType = "application/merge-patch+json";
  const { spec } = virtualService(namespace, 0, 10 + round);
  const arrived = once(proxies, "message").then(() => performance.now());
  const begunMs = performance.now();
  const answer = await api.request({ method: "PATCH", path, body: { spec }, contentType, signal });
  const storedMs = performance.now();
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return [storedMs - begunMs, (await arrived) - storedMs];
}
