// The control plane against a real API server: what people meet at the terminal, and what must hold while it is away.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { askAsProxy, ControlPlane, freePorts, isTrusted, pillion, prepare } from "./control-plane-process.ts";
import { programPath } from "./programs.ts";

let cluster: ApiServer;
let first: ControlPlane;
const running: ControlPlane[] = [];

const patiently = { timeout: 60_000, interval: 100 };

beforeAll(async () => {
  const hasControllers = programPath("kube-controller-manager") !== undefined;
  cluster = await startApiServer(hasControllers ? { controllers: ["namespace-controller"] } : {});
  await prepare(cluster);
});
afterAll(async () => {
  for (const one of running) await one.end("SIGKILL");
  await cluster?.stop();
});

function start(...args: ConstructorParameters<typeof ControlPlane>): ControlPlane {
  const one = new ControlPlane(...args);
  running.push(one);
  return one;
}

async function untilReady(one: ControlPlane): Promise<void> {
  await vi.waitFor(
    async () => expect(await one.isReady(), `${await one.page("/readyz")}${one.log()}`).toBe(true),
    patiently,
  );
}

/** What kubectl says; fails with its words. */
async function kubectl(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const get = async (path: string, ...args: readonly string[]): Promise<string> =>
  kubectl(["get", ...args, "-o", `jsonpath={${path}}`]);
const caOf = async (): Promise<string> => {
  const text = await get(".data.ca\\.crt", "secret", "pillion-ca", "-n", "istio-system");
  return Buffer.from(text, "base64").toString("utf8");
};

const podIn = (namespace: string): string =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace },
    spec: { serviceAccountName: "web", containers: [{ name: "web", image: "web:1" }] },
  });
const serviceIn = (name: string, spec: object): string =>
  JSON.stringify({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop" },
    spec,
  });

describe("control plane", () => {
  test("agrees on one CA when two replicas start at once", async () => {
    const ports = await freePorts();
    const url = `--webhook-url=https://127.0.0.1:${ports.webhook}`;
    first = start(cluster.kubeconfigFile, ports);
    const second = start(cluster.kubeconfigFile, await freePorts(), [url]);
    await Promise.all([untilReady(first), untilReady(second)]);
    const ca = await caOf();
    const trusted = await Promise.all([first, second].map(({ ports: { webhook } }) => isTrusted(ca, webhook)));
    expect(trusted).toEqual([true, true]);
    await second.end("SIGTERM");
  });

  test("applies webhook configurations with its CA, and heals them", async () => {
    const ca = Buffer.from(await caOf()).toString("base64");
    for (const kind of ["mutatingwebhookconfiguration", "validatingwebhookconfiguration"]) {
      const bundles = await get(".items[*].webhooks[*].clientConfig.caBundle", kind);
      expect(new Set(bundles.split(" "))).toEqual(new Set([ca]));
    }
    const name = "istio-validator-istio-system";
    const edit = '[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]';
    await kubectl(["patch", "validatingwebhookconfiguration", name, "--type=json", "-p", edit]);
    const policy = () => get(".webhooks[0].failurePolicy", "validatingwebhookconfiguration", name);
    await vi.waitFor(async () => expect(await policy()).toBe("Fail"), patiently);
  });

  test("waits for a mesh configuration that cannot be read, and keeps the last one when it goes", async () => {
    const mesh = (text: string): string =>
      JSON.stringify({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "istio", namespace: "istio-system" },
        data: { mesh: text },
      });
    await kubectl(["apply", "-f", "-"], mesh("outboundTrafficPolicy: [REGISTRY_ONLY"));
    const url = `--webhook-url=https://127.0.0.1:${first.ports.webhook}`;
    const late = start(cluster.kubeconfigFile, await freePorts(), [url]);
    const says = async (what: RegExp): Promise<void> =>
      vi.waitFor(async () => expect(await late.page("/readyz")).toMatch(what), patiently);
    await says(/\[-\]mesh configuration: PIL1012 ConfigMap istio-system\/istio at data\.mesh: .*cannot be read/);
    expect(await first.isReady()).toBe(true);
    await kubectl(["apply", "-f", "-"], mesh("outboundTraficPolicy: { mode: REGISTRY_ONLY }"));
    await untilReady(late);
    await says(/mesh configuration: PIL1013 .*Write "outboundTrafficPolicy"/);
    await kubectl(["apply", "-f", "-"], mesh("trustDomain: corp"));
    await says(/mesh configuration: .*it is "corp" now, and identities keep "cluster\.local"/);
    await kubectl(["delete", "configmap", "istio", "-n", "istio-system"]);
    await says(/mesh configuration: PIL1012 .* is gone/);
    const events = await get('.items[?(@.reason=="MeshConfigNotInForce")].message', "events", "-n", "istio-system");
    expect(events).toContain("ConfigMap istio-system/istio");
    await late.end("SIGTERM");
  });

  test("rejects a wrong object with an explanation on the terminal", async () => {
    await kubectl(["create", "namespace", "shop"]);
    const bad = serviceIn("reviews", { hosts: ["reviews"], http: [{ rout: [] }] });
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], bad);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /denied the request: \nVirtualService shop\/reviews: 1 problem\n {2}PIL1001 spec\.http\[0\]\.rout: .*did you mean "route"\?/,
    );
    expect(stderr).toMatch(/Write "route"\. {2}docs\/codes\/PIL1001\.md/);
  });

  test("injects pods of labelled namespaces, and no others", async () => {
    const create = async (): Promise<unknown> =>
      parse(await kubectl(["create", "--dry-run=server", "-o", "yaml", "-f", "-"], podIn("shop")));
    expect(await create()).not.toHaveProperty("spec.initContainers");
    await kubectl(["label", "namespace", "shop", "istio-injection=enabled"]);
    // The API server sees labels of namespaces through a cache of its own.
    await vi.waitFor(
      async () =>
        expect(await create()).toMatchObject({
          spec: { initContainers: [{ name: "istio-init" }, { name: "istio-proxy" }] },
        }),
      patiently,
    );
  });

  test("keeps the root certificate in every namespace", async () => {
    const ca = await caOf();
    const root = () => get(".data.root-cert\\.pem", "configmap", "istio-ca-root-cert", "-n", "shop");
    await vi.waitFor(async () => expect(await root()).toBe(ca), patiently);
    await kubectl(["delete", "configmap", "istio-ca-root-cert", "-n", "shop"]);
    await vi.waitFor(async () => expect(await root()).toBe(ca), patiently);
    await expect(get(".data", "configmap", "istio-ca-root-cert", "-n", "kube-system")).rejects.toThrow(/not found/);
  });

  test("proves that the API server reaches it", async () => {
    await vi.waitFor(
      async () => expect(await first.page("/readyz")).toContain("self-test: the API server reaches"),
      patiently,
    );
    expect(await first.page("/metrics")).toMatch(/^pillion_webhook_reachable 1$/m);
    const { stdout } = await pillion(cluster, "check");
    expect(stdout).toMatch(/✓ webhook: the API server reaches it \(\d+ ms\)/);
  });

  test("gives a proxy what its pod may have, and nothing of another's", async () => {
    await kubectl(["create", "serviceaccount", "web", "-n", "shop"]);
    await kubectl(["create", "-f", "-"], podIn("shop"));
    const address = '{"status":{"podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"}],"phase":"Running"}}';
    await kubectl(["patch", "pod", "web", "-n", "shop", "--subresource=status", "--type=merge", "-p", address]);
    const tokenFor = async (audience: string, ...more: readonly string[]) =>
      (await kubectl(["create", "token", "web", "-n", "shop", "--audience", audience, ...more])).trim();
    const bound = ["--bound-object-kind=Pod", "--bound-object-name=web"];
    const rootPem = await caOf();
    const ask = (token: string, pod: string) =>
      askAsProxy(first.ports.xds, { rootPem, token, nodeId: `sidecar~10.1.2.3~${pod}~shop.svc.cluster.local` });
    const token = await tokenFor("istio-ca", ...bound);
    expect(await ask(token, "web.shop")).toBe("served");
    expect(await ask(token, "other.shop")).toMatch(/PERMISSION_DENIED: The token is for pod shop\/web/);
    expect(await ask(await tokenFor("other", ...bound), "web.shop")).toMatch(/UNAUTHENTICATED/);
    expect(await ask(await tokenFor("istio-ca"), "web.shop")).toMatch(/UNAUTHENTICATED: .*not bound to a pod/);
    expect(await ask("rubbish", "web.shop")).toMatch(/UNAUTHENTICATED/);
    // Another pod takes the name; the answer about the first one's token is still remembered.
    await kubectl(["delete", "pod", "web", "-n", "shop", "--grace-period=0", "--force"]);
    await kubectl(["create", "-f", "-"], podIn("shop"));
    await kubectl(["patch", "pod", "web", "-n", "shop", "--subresource=status", "--type=merge", "-p", address]);
    const again = await tokenFor("istio-ca", ...bound);
    expect(await ask(again, "web.shop")).toBe("served");
    expect(await ask(token, "web.shop")).toMatch(/PERMISSION_DENIED: The token is for another pod shop\/web/);
  });

  test.each([
    { revision: "canary", labels: {}, owners: [], says: /belongs to a control plane that is not Pillion/ },
    {
      revision: "blue",
      labels: { "app.kubernetes.io/managed-by": "pillion" },
      owners: [{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "theirs", uid: "1" }],
      says: /belongs to the Pillion installation of ClusterRole \\"theirs\\"/,
    },
  ])(
    "does nothing when revision $revision is taken, and says whose it is",
    async ({ revision, labels, owners, says }) => {
      const name = `istio-sidecar-injector-${revision}`;
      const taken = {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "MutatingWebhookConfiguration",
        metadata: { name, labels, ownerReferences: owners },
      };
      await kubectl(["create", "-f", "-"], JSON.stringify(taken));
      await kubectl(["create", "clusterrole", `mine-${revision}`, "--verb=get", "--resource=pods"]);
      const flags = [`--revision=${revision}`, `--owner-cluster-role=mine-${revision}`];
      const second = start(cluster.kubeconfigFile, await freePorts(), flags);
      await vi.waitFor(() => expect(second.log()).toMatch(says), patiently);
      expect(await second.page("/readyz")).toMatch(/\[-\]installation: REVISION_TAKEN/);
      expect(second.isRunning).toBe(true);
      await second.end("SIGTERM");
      const configMaps = await kubectl(["get", "configmap", "-A", "-o", "name"]);
      expect(configMaps).not.toContain(revision);
    },
  );

  test("names the right that is missing, and goes on when it is given", async () => {
    const token = await newAccount();
    const kubeconfig = cluster.writeKubeconfig("weak", { token });
    const weak = start(kubeconfig, await freePorts(), ["--revision=weak"]);
    await vi.waitFor(
      () => expect(weak.log()).toMatch(/let Pillion list and watch .*kubectl auth can-i list/),
      patiently,
    );
    expect(weak.isRunning).toBe(true);
    expect(await weak.isReady()).toBe(false);
    await kubectl([
      "create",
      "clusterrolebinding",
      "weak",
      "--clusterrole=cluster-admin",
      "--serviceaccount=default:weak",
    ]);
    await untilReady(weak);
    await weak.end("SIGTERM");
    await kubectl(["delete", "mutatingwebhookconfiguration", "istio-sidecar-injector-weak"]);
    await kubectl(["delete", "validatingwebhookconfiguration", "istio-validator-weak-istio-system"]);
  });

  test("keeps its CA over kill -9", async () => {
    const before = await caOf();
    await first.end("SIGKILL");
    first = start(cluster.kubeconfigFile, first.ports);
    await untilReady(first);
    expect(await caOf()).toBe(before);
    expect(await isTrusted(before, first.ports.webhook)).toBe(true);
  });

  test("stops on SIGTERM without an error", async () => {
    const good = serviceIn("reviews", {
      hosts: ["reviews"],
      http: [{ route: [{ destination: { host: "reviews" } }] }],
    });
    await kubectl(["apply", "-f", "-"], good);
    // What goes with its namespace below.
    await kubectl(["apply", "-f", "-"], good.replaceAll("reviews", "held"));
    const rule = { apiVersion: "networking.istio.io/v1", kind: "DestinationRule", spec: { host: "held" } };
    await kubectl(["apply", "-f", "-"], JSON.stringify({ ...rule, metadata: { name: "held", namespace: "shop" } }));
    await first.end("SIGTERM");
    expect(first.log()).toMatch(/"control plane stopped"/);
    expect(first.log()).not.toMatch(/"level":"error"/);
  });
});

describe("without a control plane", () => {
  test("namespaces without the label are not touched, and labelled ones wait", async () => {
    await kubectl(["create", "namespace", "plain"]);
    await kubectl(["create", "-f", "-"], podIn("plain"));
    const { code, stderr } = await cluster.kubectl(["create", "--dry-run=server", "-f", "-"], podIn("shop"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed calling webhook "namespace\.sidecar-injector\.istio\.io"/);
  });

  test("Istio's objects can be deleted, but not changed unseen", async () => {
    expect(await kubectl(["delete", "virtualservice", "-n", "shop", "reviews"])).toContain("deleted");
    const { code, stderr } = await cluster.kubectl(["create", "-f", "-"], serviceIn("reviews", { hosts: ["reviews"] }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/failed calling webhook "validation\.istio\.io"/);
  });

  test.skipIf(programPath("kube-controller-manager") === undefined)("namespaces can be deleted", async () => {
    const held = await kubectl(["get", "virtualservices,destinationrules", "-n", "shop", "-o", "name"]);
    expect(held.trim().split("\n")).toEqual([
      "virtualservice.networking.istio.io/held",
      "destinationrule.networking.istio.io/held",
    ]);
    await kubectl(["delete", "namespace", "shop", "--timeout=60s"]);
    await expect(kubectl(["get", "namespace", "shop"])).rejects.toThrow(/not found/);
  });

  test("pillion check says which step of the way fails", async () => {
    const { code, stdout } = await pillion(cluster, "check");
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ webhook: nobody listens on the webhook's port.*\(port\)/);
  });
});

/** The token of a service account without any right. */
async function newAccount(): Promise<string> {
  await kubectl(["create", "serviceaccount", "weak", "-n", "default"]);
  return (await kubectl(["create", "token", "weak", "-n", "default"])).trim();
}
