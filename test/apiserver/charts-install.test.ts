// The charts on a real API server: nothing runs there, but everything is stored, checked and cleaned up as in a cluster.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type JsonObject, listAt, objectAt, textAt } from "../../injector/json.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { charts, helmPath } from "./helm.ts";

let cluster: ApiServer;

beforeAll(async () => {
  cluster = await startApiServer();
  await kubectl("create", "namespace", "istio-system");
  await kubectl("wait", "--for=jsonpath={.status.phase}=Active", "namespace/istio-system");
});
afterAll(() => cluster?.stop());

/** What kubectl says; fails with its words. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

async function apply(yaml: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(["apply", "-f", "-"], yaml);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** What helm says; fails with its words. */
async function helm(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.run(helmPath, [...args, "-n", "istio-system"]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const chart = (name: string): string => join(charts, name);

/** What the API server makes by itself; the rest is somebody's. */
const incidental = new Set([
  "events",
  "events.events.k8s.io",
  "leases.coordination.k8s.io",
  "apiservices.apiregistration.k8s.io",
]);

/** Everything that is stored, as "resource namespace/name" with its version, by a way that no chart can hide from. */
async function everything(): Promise<ReadonlyMap<string, string>> {
  const resources = (await kubectl("api-resources", "--verbs=list", "-o", "name")).trim().split("\n");
  const asked = resources.filter((resource) => !incidental.has(resource)).join(",");
  const list = JSON.parse(await kubectl("get", asked, "-A", "-o", "json")) as JsonObject; // kubectl's List
  const entries = listAt(list, "items").map((item): [string, string] => {
    const metadata = objectAt(item, "metadata");
    const key = `${textAt(item, "kind")} ${textAt(metadata, "namespace")}/${textAt(metadata, "name")}`;
    return [key, textAt(metadata, "resourceVersion")];
  });
  return new Map(entries);
}

/** What is there beside what was there before, Helm's own records apart. */
function added(now: ReadonlyMap<string, string>, before: ReadonlyMap<string, string>): readonly string[] {
  return [...now.keys()].filter((key) => !before.has(key) && !key.includes("/sh.helm.release")).toSorted();
}

describe("helm install, upgrade, rollback and uninstall", () => {
  let before: ReadonlyMap<string, string>;

  test("leave nothing but the definitions", async () => {
    before = await everything();
    await helm("install", "istio-base", chart("base"));
    await helm("install", "istiod", chart("pillion"));
    await helm("install", "istio-ingressgateway", chart("gateway"));
    const installed = added(await everything(), before);
    expect(installed).toEqual(
      expect.arrayContaining(["Deployment istio-system/istiod", "Service istio-system/istio-ingressgateway"]),
    );

    await helm("upgrade", "istiod", chart("pillion"), "--set", "meshConfig.accessLogFile=/dev/stdout,replicaCount=2");
    const mesh = ["get", "configmap", "istio", "-n", "istio-system", "-o", "jsonpath={.data.mesh}"];
    expect(await kubectl(...mesh)).toContain("accessLogFile: /dev/stdout");
    await helm("rollback", "istiod", "1");
    expect(await kubectl(...mesh)).not.toContain("accessLogFile");

    for (const release of ["istio-ingressgateway", "istiod", "istio-base"]) await helm("uninstall", release, "--wait");
    const left = added(await everything(), before);
    expect(left.filter((key) => !key.startsWith("CustomResourceDefinition "))).toEqual([]);
    expect(left).toHaveLength(15);
  });

  test("take definitions up again that an installation before left", async () => {
    const said = await helm("install", "istio-base", chart("base"));
    expect(said).not.toContain("belongs to somebody else");
  });

  test("change nothing when nothing has changed", async () => {
    const args = ["upgrade", "--install", "istiod", chart("pillion"), "--set", "revision=same,autoscaleEnabled=false"];
    await helm(...args);
    const first = await everything();
    await helm(...args);
    const second = await everything();
    const changed = [...second].filter(
      ([key, version]) => !key.includes("/sh.helm.release") && first.get(key) !== version,
    );
    expect(changed).toEqual([]);
    await helm("uninstall", "istiod");
  });

  test("refuse a second control plane of one revision, and leave nothing of it", async () => {
    await helm("install", "istiod", chart("pillion"));
    const first = await everything();
    await expect(helm("install", "second", chart("pillion"))).rejects.toThrow(
      /"istiod".*exists and cannot be imported/,
    );
    expect(added(await everything(), first)).toEqual([]);
    await helm("uninstall", "istiod");
  });

  test.each([
    {
      whose: 'the Pillion installation of ClusterRole "istiod-clusterrole-default-other"',
      labels: { "app.kubernetes.io/managed-by": "pillion" },
      owner: "istiod-clusterrole-default-other",
    },
    { whose: "a control plane that is not Pillion", labels: { app: "sidecar-injector" }, owner: undefined },
  ])("refuse a revision that is taken by $whose, and leave nothing", async ({ whose, labels, owner }) => {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: owner, uid: "1" };
    const metadata = { name: "istio-sidecar-injector", labels, ownerReferences: owner === undefined ? [] : [role] };
    const kind = "MutatingWebhookConfiguration";
    await apply(JSON.stringify({ apiVersion: "admissionregistration.k8s.io/v1", kind, metadata }));
    const first = await everything();
    await expect(helm("install", "istiod", chart("pillion"))).rejects.toThrow(
      `revision "default" is taken: ${kind} "istio-sidecar-injector" belongs to ${whose}. Uninstall that one first`,
    );
    expect(added(await everything(), first)).toEqual([]);
    await kubectl("delete", "mutatingwebhookconfiguration", "istio-sidecar-injector");
  });

  test("let two revisions stand side by side", async () => {
    await helm("install", "istiod", chart("pillion"));
    await helm("install", "istiod-canary", chart("pillion"), "--set", "revision=canary");
    await helm("uninstall", "istiod");
    const deployments = await kubectl("get", "deployments", "-n", "istio-system", "-o", "name");
    expect(deployments.trim()).toBe("deployment.apps/istiod-canary");
    await helm("uninstall", "istiod-canary");
  });
});

describe("charts/base", () => {
  test("lets Istio's kinds be written, with fields that nobody knows", async () => {
    await apply(`
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: lua, namespace: default }
spec: { configPatches: [{ applyTo: HTTP_FILTER, patch: { operation: INSERT_BEFORE, value: { any: [1, { thing: x }] } } }] }
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: { name: reviews, namespace: default }
spec: { hosts: [reviews], http: [{ mirror_percent: 10, unknown: { kept: true }, route: [{ destination: { host: reviews } }] }] }
`);
    const filter = JSON.parse(await kubectl("get", "envoyfilter", "lua", "-o", "json")) as JsonObject;
    expect(objectAt(listAt(objectAt(filter, "spec"), "configPatches")[0], "patch", "value")).toEqual({
      any: [1, { thing: "x" }],
    });
    const service = JSON.parse(await kubectl("get", "vs", "reviews", "-o", "json")) as JsonObject;
    expect(listAt(objectAt(service, "spec"), "http")[0]).toMatchObject({ mirror_percent: 10, unknown: { kept: true } });
    const table = await kubectl("get", "vs,dr,gw,se,pa,ra,ap,we,wg,telemetry", "-o", "wide");
    expect(table).toMatch(/NAME\s+GATEWAYS\s+HOSTS\s+AGE\n.*reviews\s+\["reviews"\]/);
  });

  test("leaves somebody else's definitions and everybody's objects alone", async () => {
    const name = "envoyfilters.networking.istio.io";
    await helm("uninstall", "istio-base");
    for (const mark of ["release-name", "release-namespace"])
      await kubectl("annotate", "crd", name, `meta.helm.sh/${mark}-`);
    const version = ["get", "crd", name, "-o", "jsonpath={.metadata.generation} {.metadata.annotations}"];
    const before = await kubectl(...version);
    expect(await helm("install", "istio-base", chart("base"))).toContain(
      `Left as it is, because it belongs to somebody else: ${name}\n`,
    );
    expect(await helm("upgrade", "istio-base", chart("base"))).toContain(name);
    expect(await kubectl(...version)).toBe(before);
    expect(await kubectl("get", "envoyfilter", "lua", "-o", "name")).toContain("lua");
    await helm("upgrade", "istio-base", chart("base"), "--take-ownership", "--set", "base.takeOverCRDs=true");
    expect(await helm("upgrade", "istio-base", chart("base"))).not.toContain(name);
  });

  test("lets who may read a namespace read its rules", async () => {
    // The aggregation of roles is a controller's work, which does not run here.
    const role = JSON.parse(
      await kubectl("get", "clusterrole", "istio-reader-istio-system", "-o", "json"),
    ) as JsonObject;
    expect(objectAt(role, "metadata", "labels")["rbac.authorization.k8s.io/aggregate-to-view"]).toBe("true");
  });
});

describe("the control plane's rights", () => {
  beforeAll(() => helm("install", "istiod", chart("pillion")));
  afterAll(() => helm("uninstall", "istiod"));

  const webhooks = "mutatingwebhookconfigurations.admissionregistration.k8s.io";
  test.each([
    { ask: ["watch", "virtualservices.networking.istio.io", "-A"], want: "yes" },
    { ask: ["watch", "pods", "-A"], want: "yes" },
    { ask: ["create", "tokenreviews.authentication.k8s.io"], want: "yes" },
    { ask: ["patch", `${webhooks}/istio-sidecar-injector`], want: "yes" },
    { ask: ["patch", `${webhooks}/somebody-elses`], want: "no" },
    { ask: ["patch", "configmaps/istio-ca-root-cert", "-n", "default"], want: "yes" },
    { ask: ["patch", "configmaps/app-settings", "-n", "default"], want: "no" },
    { ask: ["get", "secrets/pillion-ca", "-n", "istio-system"], want: "yes" },
    { ask: ["get", "secrets/cacerts", "-n", "istio-system"], want: "yes" },
    { ask: ["get", "secrets/other", "-n", "istio-system"], want: "no" },
    { ask: ["get", "secrets", "-n", "default"], want: "no" },
    { ask: ["create", "pods", "-n", "default"], want: "no" },
    { ask: ["create", "virtualservices.networking.istio.io", "-n", "istio-system"], want: "yes" },
    { ask: ["create", "virtualservices.networking.istio.io", "-n", "default"], want: "no" },
    { ask: ["get", "clusterroles/istiod-clusterrole-default-istio-system"], want: "yes" },
    { ask: ["create", "events", "-n", "default"], want: "yes" },
  ])("$ask: $want", async ({ ask, want }) => {
    const account = "--as=system:serviceaccount:istio-system:istiod";
    const { stdout } = await cluster.kubectl(["auth", "can-i", ...ask, account]);
    expect(stdout.trim()).toBe(want);
  });
});

test("what helm stores is an object of Kubernetes through and through", async () => {
  // The API server drops or refuses what it does not know only when asked to be strict.
  for (const [release, name, ...args] of [
    ["istiod", "pillion"],
    ["istiod", "pillion", "-f", join(charts, "..", "test", "apiserver", "testdata", "canary.values.yaml")],
    ["edge", "gateway", "-f", join(charts, "..", "test", "apiserver", "testdata", "edge.values.yaml")],
  ] as const) {
    const yaml = await helm("template", release, chart(name), ...args);
    const { code, stderr } = await cluster.kubectl(
      ["create", "--dry-run=server", "--validate=strict", "-f", "-"],
      yaml,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  }
});
