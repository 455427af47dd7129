// Pods that stay without a proxy, on a real API server: the API server leaves them out, and their owners read why.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
let controlPlane: ControlPlane | undefined;

const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n";
const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: default, namespace: shop }\n";
const pod = (name: string, labels: string, spec: string): string => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} ${labels} } }
spec: { containers: [{ name: web, image: "web:1" }], ${spec} }
`;

async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout + stderr;
}

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  await kubectl(["apply", "-f", "-"], `${namespace}---\n${account}---\n${pod("before", "", "nodeName: a")}`);
  const started = new ControlPlane(cluster.kubeconfigFile, await freePorts());
  controlPlane = started;
  await vi.waitFor(async () => expect(await started.isReady(), started.log()).toBe(true), { timeout: 60_000 });
});
afterAll(async () => {
  await controlPlane?.end("SIGKILL");
  await cluster?.stop();
});

const message = async (name: string): Promise<string> => {
  const selector = `involvedObject.name=${name},reason=ProxyNotInjected`;
  return kubectl(["get", "events", "-n", "shop", "--field-selector", selector, "-o", "jsonpath={.items[*].message}"]);
};

test("the API server creates pods in their node's network, and an Event says that they have no proxy", async () => {
  await kubectl(["apply", "-f", "-"], pod("node", "", "hostNetwork: true"));
  await vi.waitFor(async () => expect(await message("node")).toContain("hostNetwork: true"), { timeout: 20_000 });
  expect(await message("node")).toMatch(/^PIL5001 No proxy was injected: it uses the network of its node/);
});

test("a pod that refuses, and one that came before the mesh, have an Event too", async () => {
  await kubectl(["apply", "-f", "-"], pod("refuses", ', "sidecar.istio.io/inject": "false"', "nodeName: a"));
  await vi.waitFor(async () => expect(await message("refuses")).toContain('is "false"'), { timeout: 20_000 });
  await vi.waitFor(async () => expect(await message("before")).toContain("rollout restart"), { timeout: 20_000 });
});

test("a pod for Windows is let through with the reason", async () => {
  const said = await kubectl(["apply", "-f", "-"], pod("windows", "", "os: { name: windows }"));
  expect(said).toMatch(/Warning: PIL5001 .+ Windows/);
});
