// The CA in its Secrets, with the real API server and the real garbage collector: whose it is, how it is replaced, what is wrong with it.
import type { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { splitPem } from "../../control-plane/ca-bundle.ts";
import { brought, intermediateOf, newCa, newRsaKeyPair } from "../../control-plane/kubernetes/testing/ca-secrets.ts";
import { withKeys } from "../../injector/json.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { ControlPlane, freePorts, isTrusted, prepare } from "./control-plane-process.ts";

let cluster: ApiServer;
const running: ControlPlane[] = [];
const patiently = { timeout: 60_000, interval: 100 };
const namespace = ["-n", "istio-system"];

beforeAll(async () => {
  cluster = await startApiServer({ controllers: ["garbage-collector-controller"] });
  await prepare(cluster);
});
afterAll(() => cluster?.stop());
/** Each test has the CA for itself. */
afterEach(async () => {
  for (const one of running.splice(0)) await one.end("SIGKILL");
  await kubectl("delete", "--ignore-not-found", "secret", "pillion-ca", "cacerts", ...namespace);
  await kubectl("delete", "configmap", "-A", "-l", "app.kubernetes.io/managed-by=pillion");
  const webhooks = "mutatingwebhookconfiguration,validatingwebhookconfiguration";
  await kubectl("delete", webhooks, "-l", "app.kubernetes.io/managed-by=pillion");
});

async function start(...flags: readonly string[]): Promise<ControlPlane> {
  const one = new ControlPlane(cluster.kubeconfigFile, await freePorts(), flags);
  running.push(one);
  return one;
}

async function untilReady(one: ControlPlane): Promise<void> {
  const isReady = async () => expect(await one.isReady(), `${await one.page("/readyz")}${one.log()}`).toBe(true);
  await vi.waitFor(isReady, patiently);
}

/** What kubectl says; fails with its words. */
async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

async function apply(secret: object): Promise<void> {
  const object = { apiVersion: "v1", kind: "Secret", ...secret };
  const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], JSON.stringify(object));
  if (code !== 0) throw new Error(stderr);
}

async function newRole(name: string): Promise<string> {
  await kubectl("create", "clusterrole", name, "--verb=get", "--resource=pods");
  return `--owner-cluster-role=${name}`;
}

const owners = async (): Promise<readonly string[]> =>
  (await kubectl("get", "secret", "pillion-ca", ...namespace, "-o", "jsonpath={.metadata.ownerReferences[*].name}"))
    .split(" ")
    .filter((name) => name !== "")
    .toSorted();
const exists = async (...what: readonly string[]): Promise<boolean> =>
  (await kubectl("get", "--ignore-not-found", "-o", "name", ...what, ...namespace)) !== "";

/** The roots that pods get. */
async function rootsInPods(): Promise<readonly string[]> {
  const path = "jsonpath={.data.root-cert\\.pem}";
  return splitPem(await kubectl("get", "configmap", "istio-ca-root-cert", ...namespace, "-o", path));
}

/** The roots that the API server trusts for the webhooks. */
async function rootsOfWebhooks(): Promise<readonly string[]> {
  const path = "jsonpath={.items[0].webhooks[0].clientConfig.caBundle}";
  const bundle = await kubectl("get", "mutatingwebhookconfiguration", "-o", path);
  return splitPem(Buffer.from(bundle, "base64").toString());
}

const ownRoot = async (): Promise<string> =>
  Buffer.from(
    await kubectl("get", "secret", "pillion-ca", ...namespace, "-o", "jsonpath={.data.ca\\.crt}"),
    "base64",
  ).toString();

describe("pillion-ca", () => {
  test("belongs to all revisions, and goes with the last one", async () => {
    const blue = await start(await newRole("blue"));
    const green = await start("--revision=green", await newRole("green"));
    await Promise.all([untilReady(blue), untilReady(green)]);
    await vi.waitFor(async () => expect(await owners()).toEqual(["blue", "green"]), patiently);
    await Promise.all([blue.end("SIGTERM"), green.end("SIGTERM")]);
    await kubectl("delete", "clusterrole", "blue");
    // The garbage collector has been there when what belonged to this revision alone is gone, and its name with it.
    await vi.waitFor(async () => expect(await exists("configmap", "istio-ca-root-cert")).toBe(false), patiently);
    await vi.waitFor(async () => expect(await owners()).toEqual(["green"]), patiently);
    await kubectl("delete", "clusterrole", "green");
    await vi.waitFor(async () => expect(await exists("secret", "pillion-ca")).toBe(false), patiently);
  });

  test("stays with keepCA, whatever another revision says", async () => {
    const keeping = await start(await newRole("keeping"), "--keep-ca");
    const other = await start("--revision=other", await newRole("other"));
    await Promise.all([untilReady(keeping), untilReady(other)]);
    const annotation = async () =>
      expect(await kubectl("get", "secret", "pillion-ca", ...namespace, "-o", "yaml")).toContain(
        "keep.pillion.io/default",
      );
    await vi.waitFor(annotation, patiently);
    await vi.waitFor(async () => expect(await owners()).toEqual([]), patiently);
    const before = await ownRoot();
    await Promise.all([keeping.end("SIGTERM"), other.end("SIGTERM")]);
    await kubectl("delete", "clusterrole", "keeping", "other");
    await vi.waitFor(async () => expect(await exists("configmap", "istio-ca-root-cert")).toBe(false), patiently);
    expect(await ownRoot()).toBe(before);
  });

  test("is made anew when it is emptied, and the old root stays trusted", async () => {
    const one = await start("--root-spread-seconds=1");
    const two = await start("--root-spread-seconds=1", `--webhook-url=https://127.0.0.1:${one.ports.webhook}`);
    await Promise.all([untilReady(one), untilReady(two)]);
    const before = await ownRoot();
    await kubectl("patch", "secret", "pillion-ca", ...namespace, "--type=merge", "-p", '{"data":null}');
    await vi.waitFor(async () => expect(await rootsInPods()).toHaveLength(2), patiently);
    const after = await ownRoot();
    expect(after).not.toBe(before);
    expect((await rootsInPods()).toSorted()).toEqual([before, after].toSorted());
    const ports = [one, two].map(({ ports: { webhook } }) => webhook);
    const isServed = async () =>
      expect(await Promise.all(ports.map((port) => isTrusted(after, port)))).toEqual([true, true]);
    await vi.waitFor(isServed, patiently);
  });

  test("is followed by a self-test when the serving certificate has changed", async () => {
    const one = await start("--root-spread-seconds=4");
    await untilReady(one);
    const tested = async () =>
      Number(/^pillion_webhook_tested_timestamp_seconds (\S+)$/m.exec(await one.page("/metrics"))?.[1]);
    await vi.waitFor(async () => expect(await one.page("/readyz")).toContain("self-test: the API server"), patiently);
    const before = await ownRoot();
    await kubectl("patch", "secret", "pillion-ca", ...namespace, "--type=merge", "-p", '{"data":null}');
    await vi.waitFor(async () => expect(await rootsInPods()).toHaveLength(2), patiently);
    const after = (await rootsInPods()).find((root) => root !== before) ?? "";
    // The new roots have a self-test of their own; what counts is the one after the last look at the old certificate.
    let oldSeenMs = Date.now();
    const isServed = async (): Promise<void> => {
      const askedMs = Date.now();
      const isNew = await isTrusted(after, one.ports.webhook);
      if (!isNew) oldSeenMs = askedMs;
      expect(isNew).toBe(true);
    };
    await vi.waitFor(isServed, { timeout: 60_000, interval: 20 });
    await vi.waitFor(async () => expect(await tested()).toBeGreaterThan(oldSeenMs / 1_000), patiently);
    await vi.waitFor(
      async () => expect(await one.page("/metrics")).toMatch(/^pillion_webhook_reachable 1$/m),
      patiently,
    );
  });
});

describe("cacerts", () => {
  const nowMs = Date.now();
  const root = newCa(nowMs, newRsaKeyPair);
  const good = brought(intermediateOf(root, { nowMs, keys: newRsaKeyPair }), root);
  const bad = brought(intermediateOf(newCa(nowMs), { nowMs }), root);
  const keyOf = (secret: typeof good): string => {
    const data = secret["data"] as Record<string, string>; // As the fixture made it.
    return Buffer.from(data["ca-key.pem"] ?? "", "base64").toString();
  };

  test("that cannot be used keeps a control plane from starting, which goes on when it is mended, and tells of wrong values later", async () => {
    await apply(bad);
    const values = join(cluster.directory, "values.json");
    writeFileSync(values, '{"global":{"proxy":{"clusterDomain":"corp.example"}}}');
    const one = await start(`--values=${values}`);
    const says = /Secret istio-system\/cacerts can't be used: the certificate does not lead to a root/;
    await vi.waitFor(async () => expect(await one.page("/readyz")).toMatch(says), patiently);
    expect(await one.isReady()).toBe(false);
    expect(one.log()).toMatch(says);
    const events = () => kubectl("get", "events", ...namespace, "-o", "jsonpath={.items[*].message}");
    await vi.waitFor(async () => expect(await events()).toMatch(says), patiently);
    expect(await exists("secret", "pillion-ca")).toBe(false);
    expect(await exists("configmap", "istio-ca-root-cert")).toBe(false);
    await apply(good);
    await untilReady(one);
    expect(await isTrusted(root.certificatePem, one.ports.webhook)).toBe(true);
    const [serving] = await shownCertificates(one.ports.xds);
    expect(serving?.checkHost("istiod.istio-system.svc")).toBeDefined();
    expect(serving?.checkHost("istiod.istio-system.svc.corp.example")).toBeDefined();
    writeFileSync(values, '{"global":{"proxy":{"logLevel":"loud"}}}');
    const mistake = /values in ".*" have mistakes: global\.proxy\.logLevel is "loud"/;
    await vi.waitFor(async () => expect(await one.page("/readyz")).toMatch(mistake), patiently);
    expect(await one.isReady()).toBe(true);
    await vi.waitFor(async () => expect(await events()).toMatch(mistake), patiently);
    for (const key of [keyOf(good), keyOf(bad)]) expect(one.log()).not.toContain(key.split("\n")[1]);
  });

  test("is replaced under way: both roots are trusted, then the new one signs, over a restart, and the self-test passes", async () => {
    const [first, next] = [newCa(nowMs), newCa(nowMs)];
    await apply(brought(intermediateOf(first, { nowMs }), first));
    const flags = ["--root-spread-seconds=5"];
    let one = await start(...flags);
    await untilReady(one);
    await apply(bad);
    const remark = async () => expect(await one.page("/readyz")).toMatch(/stored certificate authority: .*cacerts/);
    await vi.waitFor(remark, patiently);
    expect(await one.isReady()).toBe(true);
    expect(await rootsInPods()).toEqual([first.certificatePem]);

    const secret = brought(intermediateOf(next, { nowMs, keys: newRsaKeyPair }), next);
    await apply(withKeys(secret, { type: "Opaque" }));
    const both = [next.certificatePem, first.certificatePem];
    await vi.waitFor(async () => expect(await rootsInPods()).toEqual(both), patiently);
    await vi.waitFor(async () => expect(await rootsOfWebhooks()).toEqual(both), patiently);
    expect(await isTrusted(first.certificatePem, one.ports.webhook)).toBe(true);

    await one.end("SIGKILL");
    one = await start(...flags);
    await untilReady(one);
    expect(await rootsInPods()).toEqual(both);
    expect(await shownCertificates(one.ports.webhook)).toHaveLength(2);
    await vi.waitFor(async () => expect(await isTrusted(next.certificatePem, one.ports.webhook)).toBe(true), patiently);
    await vi.waitFor(
      async () => expect(await one.page("/metrics")).toMatch(/^pillion_webhook_reachable 1$/m),
      patiently,
    );
    expect(await one.page("/readyz")).toContain("self-test: the API server reaches the webhook");

    // As docs/install.md says, for a root that is to go sooner.
    const last = await start(...flags, `--webhook-url=https://127.0.0.1:${one.ports.webhook}`);
    await untilReady(last);
    expect(await rootsInPods()).toEqual(both);
    const longAgo = "pillion.io/roots-since=2000-01-01T00:00:00Z";
    await kubectl("annotate", "configmap", "istio-ca-root-cert", ...namespace, "--overwrite", longAgo);
    await vi.waitFor(async () => expect(await rootsInPods()).toEqual([next.certificatePem]), patiently);

    await kubectl("delete", "secret", "cacerts", ...namespace);
    await vi.waitFor(
      async () => expect(await rootsInPods()).toEqual([await ownRoot(), next.certificatePem]),
      patiently,
    );
    expect(await isTrusted(next.certificatePem, last.ports.webhook)).toBe(true);
    await vi.waitFor(async () => expect(await isTrusted(await ownRoot(), last.ports.webhook)).toBe(true), patiently);
  });
});

/** What a server shows, its own certificate first. */
function shownCertificates(port: number): Promise<readonly X509Certificate[]> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, rejectUnauthorized: false, ALPNProtocols: ["h2"] };
    const socket = connect(options, () => {
      const shown: X509Certificate[] = [];
      for (let at = socket.getPeerX509Certificate(); at !== undefined; at = at.issuerCertificate) shown.push(at);
      socket.end();
      resolve(shown);
    });
    socket.on("error", reject);
  });
}
