// `pillion proxy-status` before a real API server: who is asked, and what it says when a right is missing.
import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { proxyStatus } from "../../cli/verbs/proxy-status.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";

let cluster: ApiServer;

beforeAll(async () => {
  cluster = await startApiServer();
  await kubectl(["create", "namespace", "istio-system"]);
  await kubectl(["create", "serviceaccount", "reader", "-n", "default"]);
});
afterAll(async () => {
  await cluster?.stop();
});

/** What kubectl says; fails with its words. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });

/** Asks with the rights of this file's user. */
async function ps(kubeconfig: string): Promise<number> {
  return proxyStatus.run(["-c", kubeconfig], { out: quiet, err: quiet, signal: AbortSignal.timeout(30_000) });
}

/** The rights of a role, for an account that has no others. */
async function readerWith(role: string, ...rights: readonly string[]): Promise<string> {
  const namespace = ["-n", "istio-system"];
  await kubectl(["create", "role", role, ...namespace, ...rights]);
  await kubectl(["create", "rolebinding", role, ...namespace, `--role=${role}`, "--serviceaccount=default:reader"]);
  const token = (await kubectl(["create", "token", "reader", "-n", "default"])).trim();
  return cluster.writeKubeconfig(role, { token });
}

test("pillion proxy-status says where it looked when there is no control plane", async () => {
  await expect(ps(cluster.kubeconfigFile)).rejects.toThrow(
    /^NO_CONTROL_PLANE: no pod with app=istiod runs in namespace istio-system\..* -i, or see pillion check/,
  );
});

test("pillion proxy-status names the right that is missing: first to list pods, then to get pods/proxy", async () => {
  await kubectl(["create", "-f", "-"], JSON.stringify(controlPlanePod));
  const phase = '{"status":{"phase":"Running"}}';
  await kubectl([
    "patch",
    "pod",
    "istiod-1",
    "-n",
    "istio-system",
    "--subresource=status",
    "--type=merge",
    "-p",
    phase,
  ]);
  const nothing = await readerWith("nothing", "--verb=get", "--resource=configmaps");
  await expect(ps(nothing)).rejects.toThrow(
    /^KUBERNETES_FORBIDDEN: you may not list pods in namespace istio-system \(.*\)\. Ask for the right to list pods there/,
  );
  const lists = await readerWith("lists", "--verb=list", "--resource=pods");
  await expect(ps(lists)).rejects.toThrow(
    /^KUBERNETES_FORBIDDEN: you may not get pods\/proxy in namespace istio-system \(.*\)\. Ask for the right to get pods\/proxy/,
  );
});

const controlPlanePod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "istiod-1", namespace: "istio-system", labels: { app: "istiod", "istio.io/rev": "default" } },
  spec: { containers: [{ name: "discovery", image: "pilot" }] },
};
