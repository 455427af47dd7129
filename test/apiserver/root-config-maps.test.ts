// The root certificate in many namespaces of a real API server, one of which does not want it.
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
const running: ControlPlane[] = [];
const patiently = { timeout: 60_000, interval: 100 };
const name = "istio-ca-root-cert";

/** As Kyverno and Gatekeeper refuse objects in one namespace. */
const refusal = [
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicy",
    metadata: { name: "no-config" },
    spec: {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"] },
        ],
      },
      validations: [{ expression: "false", message: "no ConfigMaps here" }],
    },
  },
  {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name: "no-config" },
    spec: {
      policyName: "no-config",
      validationActions: ["Deny"],
      matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "team-03" } } },
    },
  },
];

beforeAll(async () => {
  cluster = await startApiServer();
  await prepare(cluster);
  const namespaces = Array.from({ length: 20 }, (_, index) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: `team-${String(index).padStart(2, "0")}` },
  }));
  await apply(...namespaces, ...refusal);
  // The API server takes up a policy after a moment.
  const probe = ["create", "configmap", "probe", "-n", "team-03", "--dry-run=server"];
  await vi.waitFor(
    async () => expect((await cluster.kubectl(probe)).stderr).toContain("no ConfigMaps here"),
    patiently,
  );
});
afterAll(async () => {
  for (const one of running) await one.end("SIGKILL");
  await cluster?.stop();
});

/** What kubectl says; fails with its words. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

const apply = (...items: readonly object[]): Promise<string> =>
  kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));

async function start(...flags: readonly string[]): Promise<ControlPlane> {
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts(), flags);
  running.push(one);
  await vi.waitFor(async () => expect(await one.isReady(), `${await one.page("/readyz")}${one.log()}`).toBe(true), {
    ...patiently,
  });
  return one;
}

/** The versions of all root ConfigMaps, by namespace. */
async function versions(): Promise<ReadonlyMap<string, string>> {
  const path = "jsonpath={range .items[*]}{.metadata.namespace} {.metadata.resourceVersion}{'\\n'}{end}";
  const text = await kubectl(["get", "configmap", "-A", `--field-selector=metadata.name=${name}`, "-o", path]);
  return new Map(text.split("\n").map((line): [string, string] => [line.split(" ")[0] ?? "", line]));
}

test("control plane serves all namespaces but the one that refuses its ConfigMap, and says which one", async () => {
  const one = await start();
  await vi.waitFor(async () => {
    const found = await versions();
    const missing = Array.from({ length: 20 }, (_, index) => `team-${String(index).padStart(2, "0")}`).filter(
      (namespace) => !found.has(namespace),
    );
    expect(missing).toEqual(["team-03"]);
  }, patiently);
  const says = /1 of \d+ namespaces refuse the ConfigMap istio-ca-root-cert, .*: team-03\. .*no ConfigMaps here/;
  await vi.waitFor(async () => expect(await one.page("/readyz")).toMatch(says), patiently);
  expect(await one.isReady()).toBe(true);
  const events = () => kubectl(["get", "events", "-n", "istio-system", "-o", "jsonpath={.items[*].message}"]);
  await vi.waitFor(async () => expect(await events()).toMatch(says), patiently);
  // A namespace that comes later does not wait for it either.
  await kubectl(["create", "namespace", "late"]);
  await vi.waitFor(async () => expect((await versions()).has("late")).toBe(true), patiently);
  await kubectl(["delete", "validatingadmissionpolicybinding", "no-config"]);
  await vi.waitFor(async () => expect((await versions()).has("team-03")).toBe(true), patiently);
  await vi.waitFor(async () => expect(await one.page("/readyz")).not.toMatch(/refuse/), patiently);
});

test("a replica that starts writes no root certificate that is there", async () => {
  const before = await versions();
  const second = await start(`--webhook-url=https://127.0.0.1:${running[0]?.ports.webhook}`);
  await vi.waitFor(async () => expect(await second.page("/readyz")).toContain("self-test: the API"), patiently);
  expect(await versions()).toEqual(before);
  expect(second.log()).not.toContain("wrote root certificate");
});
