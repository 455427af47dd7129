// Probes, hooks and metrics of an application behind its proxy, asked as the kubelet and Prometheus ask: from outside of the mesh.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCa, issue } from "../../certs/ca.ts";
import { type Demo, startDemo } from "../../cli/demo/start.ts";
import { build } from "./pillion.ts";
import { type Protocol, probedPod, probes, protocolNames, switchPort } from "./probed-pod.ts";

const patienceMs = 30_000;
const modes = ["PERMISSIVE", "STRICT"] as const;
type Mode = (typeof modes)[number];
const podOf = (mode: Mode): string => mode.toLowerCase();

let folder: string;
let mesh: Demo;

const certificate = () => {
  const [now, newKeyPair] = [Date.now(), () => generateKeyPairSync("ec", { namedCurve: "P-256" })];
  const issued = issue(createCa({ now, newKeyPair, trustDomain: "x" }), { now, newKeyPair, dnsNames: ["app"] });
  return { cert: issued.certificateChainPem, key: issued.privateKey.reveal() };
};

const namespaces = ["default", "istio-system", "plain"]
  .map((name) => {
    const labels = name === "default" ? "labels: { istio-injection: enabled }" : "";
    return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n  ${labels}\n---\n`;
  })
  .join("");
const policy = (mode: Mode): string => `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${podOf(mode)} }
spec: { selector: { matchLabels: { app: ${podOf(mode)} } }, mtls: { mode: ${mode} } }
`;
const outside = `apiVersion: v1
kind: Pod
metadata: { name: outside, namespace: plain }
spec: { terminationGracePeriodSeconds: 0, containers: [{ name: curl, image: pillion/shell }] }
`;

beforeAll(async () => {
  build();
  folder = mkdtempSync(join(tmpdir(), "pillion-probes-"));
  writeFileSync(join(folder, "namespaces.yaml"), namespaces);
  writeFileSync(join(folder, "outside.yaml"), outside);
  const made = certificate();
  for (const mode of modes) {
    writeFileSync(join(folder, `${podOf(mode)}.yaml`), policy(mode));
    writeFileSync(join(folder, `pod-${podOf(mode)}.yaml`), probedPod(podOf(mode), made));
  }
  mesh = await startDemo({ directory: folder, files: [], port: 0, say: () => {} }, new AbortController().signal);
  await mesh.sandbox.ready(AbortSignal.timeout(120_000));
});
afterAll(async () => {
  await mesh?.stop();
  rmSync(folder, { recursive: true });
});

const podNamed = (name: string) => mesh.sandbox.pods().find((pod) => pod.name === name);
const addressOf = (mode: Mode): string => podNamed(podOf(mode))?.ip ?? "";

/** A request from outside of the mesh. */
async function curl(...words: readonly string[]): Promise<{ readonly stdout: string; readonly code: number }> {
  return mesh.sandbox.exec("plain", "outside", "", ["curl", "-sS", "-m", "5", ...words]);
}
const statusAt = async (mode: Mode, path: string): Promise<string> =>
  (await curl("-o", "/dev/null", "-w", "%{http_code}", `http://${addressOf(mode)}:15020${path}`)).stdout;

async function turn(mode: Mode, protocol: Protocol, to: "break" | "mend"): Promise<void> {
  const url = `http://127.0.0.1:${switchPort(protocol)}/${to}`;
  expect((await mesh.sandbox.exec("default", podOf(mode), protocol, ["curl", "-sS", url])).code).toBe(0);
}
const statusesOf = async (mode: Mode, protocol: Protocol): Promise<Readonly<Record<string, string>>> => {
  const answers = Object.values(probes).map(
    async (word) => [word, await statusAt(mode, `/app-health/${protocol}/${word}`)] as const,
  );
  return Object.fromEntries(await Promise.all(answers));
};
const all = (status: string): object => ({ readyz: status, livez: status, startupz: status });
const readyContainers = (mode: Mode): string => podNamed(podOf(mode))?.ready ?? "";

describe.each(modes)("behind mutual TLS %s", (mode) => {
  test("an application is asked as that mode says", async () => {
    const { stdout, code } = await curl("-o", "/dev/null", "-w", "%{http_code}", `http://${addressOf(mode)}:8080/`);
    expect(mode === "STRICT" ? code : stdout).toEqual(mode === "STRICT" ? 56 : "200");
  });

  test.each(protocolNames)(
    "probes by %s hold while it is well, fail while it is not, and hold again",
    async (protocol) => {
      await expect.poll(() => statusesOf(mode, protocol), { timeout: patienceMs }).toEqual(all("200"));
      await expect.poll(() => readyContainers(mode), { timeout: patienceMs }).toBe("5/5");
      await turn(mode, protocol, "break");
      await expect.poll(() => statusesOf(mode, protocol), { timeout: patienceMs }).toEqual(all("503"));
      await expect.poll(() => readyContainers(mode), { timeout: patienceMs }).toBe("4/5");
      await turn(mode, protocol, "mend");
      await expect.poll(() => statusesOf(mode, protocol), { timeout: patienceMs }).toEqual(all("200"));
      await expect.poll(() => readyContainers(mode), { timeout: patienceMs }).toBe("5/5");
    },
  );

  test("Prometheus gets the proxy's metrics and the application's", async () => {
    const url = `http://${addressOf(mode)}:15020/stats/prometheus`;
    const { stdout } = await curl("-H", "accept: application/openmetrics-text", "--compressed", url);
    expect(stdout).toMatch(/^envoy_server_live\{\} 1$/m);
    for (const path of ["/own-metrics", "/more-metrics"])
      expect(stdout.split("\n")).toContain(`application_metric{path="${path}"} 1`);
    await turn(mode, "http", "break");
    const without = (await curl(url)).stdout;
    expect(without).toMatch(/^envoy_server_live\{\} 1$/m);
    expect(without).toMatch(/^# the application answered with status 503/m);
    expect(without).not.toContain("application_metric");
    await turn(mode, "http", "mend");
  });

  test("a hook by HTTP is asked of the application", async () => {
    const url = `http://${addressOf(mode)}:15020/app-lifecycle/http/prestopz`;
    expect((await curl(url)).stdout).toBe('application_metric{path="/bye"} 1');
  });

  test("a hook that nobody answers fails, as the kubelet gives up after ten redirects", async () => {
    const url = `http://${addressOf(mode)}:15020/app-lifecycle/tcp/prestopz`;
    expect((await curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url)).stdout).toBe(`307 ${url}`);
    expect((await curl("-L", "--max-redirs", "10", url)).code).toBe(47);
  });
});
