// The control plane with the rights that the chart gives it, and nothing more.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts } from "./control-plane-process.ts";
import { charts, helmPath } from "./helm.ts";

let cluster: ApiServer;
let controlPlane: ControlPlane | undefined;

beforeAll(async () => {
  cluster = await startApiServer();
});
afterAll(async () => {
  await controlPlane?.end("SIGKILL");
  await cluster?.stop();
});

/** What a program says; fails with its words. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await (program === "kubectl" ? cluster.kubectl(args) : cluster.run(program, args));
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

test("control plane needs no right but those of the chart, and what it makes is owned by the chart's ClusterRole", async () => {
  const namespace = ["-n", "istio-system"];
  await run(helmPath, "install", "istio-base", join(charts, "base"), ...namespace, "--create-namespace");
  await run(helmPath, "install", "istiod", join(charts, "pillion"), ...namespace);
  const token = (await run("kubectl", "create", "token", "istiod", ...namespace)).trim();
  const role = "istiod-clusterrole-default-istio-system";
  const kubeconfig = cluster.writeKubeconfig("chart", { token });
  controlPlane = new ControlPlane(kubeconfig, await freePorts(), [`--owner-cluster-role=${role}`]);
  const seen = async (): Promise<string> => `${await controlPlane?.page("/readyz")}${controlPlane?.log()}`;
  await vi.waitFor(async () => expect(await seen()).toContain("self-test: the API server reaches"), {
    timeout: 60_000,
  });
  expect(await controlPlane.isReady(), await seen()).toBe(true);
  expect(await seen()).not.toMatch(/forbidden|auth can-i/i);
  const made = ["secret/pillion-ca", "configmap/istio-ca-root-cert"].map((name) => [name, ...namespace]);
  const global = [
    "mutatingwebhookconfiguration/istio-sidecar-injector",
    "validatingwebhookconfiguration/istio-validator-istio-system",
  ];
  for (const object of [...made, ...global.map((name) => [name])]) {
    const path = "jsonpath={.metadata.ownerReferences[*].name}";
    expect(await run("kubectl", "get", ...object, "-o", path)).toBe(role);
  }
});
