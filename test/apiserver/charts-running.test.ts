// A control plane with the flags, the values and not one right more than what the chart gives it, and what is left after it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { charts, helmPath, root } from "./helm.ts";
import { Daemon, freePort, programPath } from "./programs.ts";

/** What a busy machine needs. */
const withinMs = { timeout: 60_000, interval: 200 };
const controllers = ["garbage-collector-controller"];
let cluster: ApiServer;
let controlPlane: Daemon | undefined;
let monitoringUrl: string;

beforeAll(async () => {
  cluster = await startApiServer({ controllers });
  await kubectl("create", "namespace", "istio-system");
  await kubectl("create", "namespace", "shop");
});
afterAll(async () => {
  await controlPlane?.end("SIGKILL");
  await cluster?.stop();
});

async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function helm(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await cluster.run(helmPath, [...args, "-n", "istio-system"]);
  if (code !== 0) throw new Error(stderr);
}

async function stored(...what: readonly string[]): Promise<JsonObject> {
  return JSON.parse(await kubectl("get", ...what, "-o", "json")) as JsonObject; // kubectl writes an object
}

/** The chart's arguments with addresses of this machine, run as the chart's ServiceAccount. */
async function startControlPlane(): Promise<Daemon> {
  const pod = objectAt(await stored("deployment", "istiod", "-n", "istio-system"), "spec", "template", "spec");
  const args = listAt(pod, "containers")[0]?.["args"];
  if (!Array.isArray(args)) throw new Error("the chart's container has no arguments");
  const token = await kubectl("create", "token", "istiod", "-n", "istio-system");
  const values = objectAt(await stored("configmap", "istio-sidecar-injector", "-n", "istio-system"), "data");
  const valuesFile = join(cluster.directory, "values.json");
  writeFileSync(valuesFile, textAt(values, "values"));
  const [webhook, xds, monitoring] = [await freePort(), await freePort(), await freePort()];
  monitoringUrl = `http://127.0.0.1:${monitoring}`;
  const here: Readonly<Record<string, string>> = {
    "--in-cluster": `--kubeconfig=${cluster.writeKubeconfig("istiod", { token })}`,
    "--values": `--values=${valuesFile}`,
    "--webhook": `--webhook=127.0.0.1:${webhook}`,
    "--xds": `--xds=127.0.0.1:${xds}`,
    "--monitoring": `--monitoring=127.0.0.1:${monitoring}`,
  };
  const flags = args.map((flag: unknown) => here[String(flag).split("=")[0] ?? ""] ?? String(flag));
  const url = `--webhook-url=https://127.0.0.1:${webhook}`;
  return new Daemon(process.execPath, ["--import", "tsx", join(root, "cli", "main.ts"), ...flags, url], root);
}

async function readiness(): Promise<string> {
  const response = await fetch(`${monitoringUrl}/readyz`);
  return `${response.status} ${await response.text()}`;
}

/** Objects that the control plane made, in any namespace. */
const madeAtRunTime = async (): Promise<readonly string[]> => {
  const kinds = "secrets,configmaps,mutatingwebhookconfigurations,validatingwebhookconfigurations";
  const names = await kubectl("get", kinds, "-A", "-o", "name", "-l", "app.kubernetes.io/managed-by=pillion");
  return names.split("\n").filter((name) => name !== "");
};

test("the chart's rights are enough, and what the control plane made goes with the release", async () => {
  expect(programPath("kube-controller-manager")).toBeDefined();
  await helm("install", "istio-base", join(charts, "base"));
  await helm("install", "istiod", join(charts, "pillion"));
  controlPlane = await startControlPlane();
  try {
    await vi.waitFor(async () => expect(await readiness()).toMatch(/^200 /), withinMs);
    await vi.waitFor(
      async () => expect(await readiness()).toMatch(/self-test: the API server reaches the webhook/),
      withinMs,
    );
  } catch (thrown) {
    throw new Error(controlPlane.output(), { cause: thrown });
  }
  expect(controlPlane.output()).not.toMatch(/forbidden|auth can-i/i);
  const made = await madeAtRunTime();
  expect(made).toEqual(
    expect.arrayContaining([
      "secret/pillion-ca",
      "configmap/istio-ca-root-cert",
      "mutatingwebhookconfiguration.admissionregistration.k8s.io/istio-sidecar-injector",
      "validatingwebhookconfiguration.admissionregistration.k8s.io/istio-validator-istio-system",
    ]),
  );

  await helm("uninstall", "istiod", "--wait");
  await controlPlane.end("SIGTERM");
  await vi.waitFor(async () => expect(await madeAtRunTime()).toEqual([]), withinMs);
});
