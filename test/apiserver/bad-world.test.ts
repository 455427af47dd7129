// What an operator meets at 3 a.m.: a cluster that is too old, one without CRDs, and a second control plane of one revision.
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, pillion, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
const running: ControlPlane[] = [];
const patiently = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  cluster = await startApiServer();
  await kubectl("create", "namespace", "istio-system");
});
afterAll(async () => {
  for (const one of running) await one.end("SIGKILL");
  await cluster?.stop();
});

/** What kubectl says; fails with its words. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

async function start(kubeconfig: string, ...flags: readonly string[]): Promise<ControlPlane> {
  const one = new ControlPlane(kubeconfig, await freePorts(), flags);
  running.push(one);
  return one;
}

const linesWith = (log: string, text: string): number => log.split("\n").filter((line) => line.includes(text)).length;

test("control plane ends on a cluster that is too old, and tells the kubelet why", async () => {
  const { certificateChainPem: cert, privateKey } = cluster.issue();
  const old = createServer({ cert, key: privateKey.reveal() }, (_, response) => {
    const version = { major: "1", minor: "29+", gitVersion: "v1.29.0-eks-1234" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(version));
  }).listen(0, "127.0.0.1");
  await once(old, "listening");
  const { port } = old.address() as AddressInfo; // a TCP server that listens has no other form of address
  const kubeconfig = cluster.writeKubeconfig("old", { url: `https://127.0.0.1:${port}` });
  const terminationLog = join(cluster.directory, "termination-log");
  const one = await start(kubeconfig, `--termination-log=${terminationLog}`);
  await vi.waitFor(() => expect(one.isRunning).toBe(false), patiently);
  const says =
    /KUBERNETES_VERSION: the cluster runs Kubernetes v1\.29\.0-eks-1234\. .*Upgrade the cluster to 1\.30 or later\.$/;
  expect(one.log().trim()).toMatch(says);
  expect(linesWith(one.log(), "1.29")).toBe(1);
  expect(existsSync(terminationLog) && readFileSync(terminationLog, "utf8")).toMatch(says);
  const { code, stdout } = await pillion(cluster, "check", `--kubeconfig=${kubeconfig}`);
  expect(stdout).toMatch(/^✗ API server: KUBERNETES_VERSION[^\n]*\n$/);
  expect(code).toBe(1);
  old.closeAllConnections();
  old.close();
});

test("control plane serves pods without CRDs, says so in one line, and reads them when they come", async () => {
  const one = await start(cluster.kubeconfigFile);
  await vi.waitFor(async () => expect(await one.isReady(), one.log()).toBe(true), patiently);
  const says = /\[ \]watches: the cluster has no CRDs of [^\n]* helm install istio-base charts\/base/;
  await vi.waitFor(async () => expect(await one.page("/readyz")).toMatch(says), patiently);
  await vi.waitFor(
    async () => expect(await kubectl("get", "events", "-n", "istio-system")).toMatch(/ClusterNotRead/),
    patiently,
  );
  expect(linesWith(one.log(), "kinds are not installed")).toBe(1);
  const { stdout } = await pillion(cluster, "check");
  expect(stdout).toMatch(/✗ CRDs: .*are missing\. helm install istio-base/);
  await prepare(cluster);
  await vi.waitFor(async () => expect(await one.page("/readyz")).not.toMatch(/watches/), patiently);
  await vi.waitFor(async () => expect(await one.page("/readyz")).toContain("the API server reaches"), patiently);
  await vi.waitFor(
    async () => expect(await kubectl("get", "events", "-n", "istio-system")).toMatch(/ClusterRead /),
    patiently,
  );
  await one.end("SIGTERM");
});

test("of two control planes that want one revision at once, one has it, and the other one does nothing", async () => {
  const both = await Promise.all(
    ["mine", "theirs"].map(async (role) => {
      await kubectl("create", "clusterrole", role, "--verb=get", "--resource=pods");
      const namespace = `mesh-${role}`;
      await kubectl("create", "namespace", namespace);
      const flags = ["--revision=twice", `--owner-cluster-role=${role}`, `--namespace=${namespace}`];
      return { role, namespace, one: await start(cluster.kubeconfigFile, ...flags) };
    }),
  );
  const ready = async () => Promise.all(both.map(({ one }) => one.isReady()));
  await vi.waitFor(async () => expect(await ready()).toContain(true), patiently);
  const [winner, loser] = (await both[0]?.one.isReady()) ? both : both.toReversed();
  if (winner === undefined || loser === undefined) throw new Error("there are two");
  const says = `REVISION_TAKEN: revision "twice" is taken: mutatingwebhookconfigurations/istio-sidecar-injector-twice belongs to the Pillion installation of ClusterRole "${winner.role}"`;
  await vi.waitFor(
    async () => expect(await loser.one.page("/readyz")).toContain(`[-]installation: ${says}`),
    patiently,
  );
  expect(await loser.one.isReady()).toBe(false);
  const made = await kubectl("get", "secrets,configmaps", "-n", loser.namespace, "-o", "name");
  expect(made).not.toMatch(/pillion-ca/);
  const path = "jsonpath={.items[*].metadata.ownerReferences[*].name}";
  const owners = await kubectl(
    "get",
    "mutatingwebhookconfigurations,validatingwebhookconfigurations",
    "-l",
    "istio.io/rev=twice",
    "-o",
    path,
  );
  expect(new Set(owners.split(" "))).toEqual(new Set([winner.role]));
  await vi.waitFor(async () => {
    expect(await kubectl("get", "events", "-n", loser.namespace)).toMatch(/Warning +NotReady .*REVISION_TAKEN/);
  }, patiently);
  expect(linesWith(loser.one.log(), "REVISION_TAKEN")).toBe(1);
  await kubectl("create", "deployment", "istiod-twice", "--image=pilot", "-n", loser.namespace);
  const { stdout } = await pillion(cluster, "check", "-r", "twice", "-n", loser.namespace);
  expect(stdout).toMatch(/^✗ control plane: no pod of \S+ is ready\. It says: REVISION_TAKEN: /m);
});
