// A rollout of the control plane, as the API server and its users see it: nobody is refused, and soon nobody gets the old answer.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { isObject, type Json, type JsonObject } from "../../injector/json.ts";
import { type ApiClient, createApiClient } from "../../registry/kubernetes/api-client.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { ControlPlane, freePorts, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
let balancer: Balancer;
let client: ApiClient;
const running: ControlPlane[] = [];
const stop = new AbortController();

/** By their number of answers at once; the API server keeps a connection for each. */
const atOnce = 6;
/** How long an answer of the old replica may still come after it was told to go: what a node needs to learn of it, and a bit. */
const oldAnswersMs = 1_500;

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  await cluster.kubectl(["create", "namespace", "shop"]);
  await cluster.kubectl(["label", "namespace", "shop", "istio-injection=enabled"]);
  balancer = await startBalancer();
  client = await createApiClient({ kubeconfig: cluster.kubeconfigFile });
});
afterAll(async () => {
  stop.abort();
  for (const one of running) await one.end("SIGKILL");
  client?.close();
  await balancer?.close();
  await cluster?.stop();
});

/** A replica whose injected pods call this address. */
async function startReplica(discoveryAddress: string): Promise<ControlPlane> {
  const flags = [`--webhook-url=https://127.0.0.1:${balancer.port}`, `--discovery-address=${discoveryAddress}`];
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts(), flags);
  running.push(one);
  await vi.waitFor(async () => expect(await one.isReady(), one.log()).toBe(true), { timeout: 60_000 });
  return one;
}

const behind = (...replicas: readonly ControlPlane[]): void =>
  balancer.lead(replicas.map((one) => ({ port: one.ports.webhook, isReady: () => one.isReady() })));

interface Answer {
  readonly beganMs: number;
  /** "old", "new", or what went wrong. */
  readonly text: string;
}

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: { serviceAccountName: "web", containers: [{ name: "web", image: "web:1" }] },
};

async function create(): Promise<Answer> {
  const beganMs = performance.now();
  const path = "/api/v1/namespaces/shop/pods";
  const query = { dryRun: "All" };
  const { status, body } = await client.request({ method: "POST", path, query, body: pod, signal: stop.signal });
  const created: JsonObject = isObject(body as Json) ? (body as JsonObject) : {}; // parsed from JSON
  const replica = /(old|new)\.test/.exec(JSON.stringify(created))?.[1] ?? "not injected";
  return { beganMs, text: status === 201 ? replica : `${status} ${String(created["message"])}` };
}

/** Creates again and again until told to stop. */
function createAll(): { readonly answers: Answer[]; end(): Promise<void> } {
  const answers: Answer[] = [];
  let isOver = false;
  const loop = async (): Promise<void> => {
    while (!isOver) answers.push(await create());
  };
  const loops = Array.from({ length: atOnce }, loop);
  return {
    answers,
    end: async () => {
      isOver = true;
      await Promise.all(loops);
    },
  };
}

test("control plane is replaced under load without a failed admission", async () => {
  const old = await startReplica("old.test:15012");
  behind(old);
  await vi.waitFor(async () => expect((await create()).text).toBe("old"), { timeout: 30_000 });
  const load = createAll();
  let goneMs = 0;
  try {
    const next = await startReplica("new.test:15012");
    behind(old, next);
    goneMs = performance.now();
    await old.end("SIGTERM");
  } finally {
    await load.end();
  }
  const seen = new Map<string, number>();
  for (const { text } of load.answers) seen.set(text, (seen.get(text) ?? 0) + 1);
  expect([...seen.keys()].toSorted()).toEqual(["new", "old"]);
  const late = load.answers.filter(({ beganMs, text }) => text === "old" && beganMs > goneMs + oldAnswersMs);
  expect(late).toEqual([]);
});

test("API server leaves a replica that goes, although its connection was idle", async () => {
  const [, old] = running;
  if (old === undefined) throw new Error("the test before did not start it");
  behind(old);
  expect((await create()).text).toBe("new");
  const next = await startReplica("old.test:15012");
  behind(old, next);
  const ended = old.end("SIGTERM");
  const goneMs = performance.now();
  const since = () => performance.now() - goneMs;
  await vi.waitFor(() => expect(since()).toBeGreaterThan(oldAnswersMs), { timeout: 10_000 });
  expect((await create()).text).toBe("old");
  await ended;
});
