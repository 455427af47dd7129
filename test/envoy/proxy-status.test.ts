// `pillion proxy-status` asks control planes that real Envoys are connected to.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { proxyStatus } from "../../cli/verbs/proxy-status.ts";
import { parseConfig } from "../../control-plane/config.ts";
import { createHealth } from "../../control-plane/health.ts";
import { startMonitoring } from "../../control-plane/monitoring.ts";
import { runControlPlane } from "../../control-plane/run.ts";
import { createSyncz } from "../../control-plane/syncz.ts";
import { typeUrls } from "../../envoy/resource.ts";
import { adsBootstrap, envoyBinary, freePort, startEnvoy } from "./live-envoy.ts";
import { newLiveMesh, putOnDemandListener, serveMesh } from "./live-mesh.ts";

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

const patiently = { timeout: 30_000, interval: 200 };

/** What `pillion proxy-status` prints. */
async function ps(...args: readonly string[]): Promise<{ out: string; err: string; code: number }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const code = await proxyStatus.run(args, { out, err, signal: AbortSignal.timeout(20_000) });
  out.end();
  err.end();
  return { out: await text(out), err: await text(err), code };
}

const cells = (line: string | undefined): readonly string[] => (line ?? "").split(/ {5,}/);

/** The control plane that reads files, as its verb runs it. */
async function controlPlane(): Promise<{ readonly address: string; readonly xdsPort: number }> {
  const folder = await mkdtemp(join(tmpdir(), "pillion-status-"));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "mesh.yaml"), mesh);
  const [xdsPort, monitoring] = [await freePort(), await freePort()];
  const config = parseConfig([
    ...["--config-dir", folder, "--state-dir", join(folder, "state"), "--log-level", "error"],
    ...["--webhook", "127.0.0.1:0", "--xds", "127.0.0.1:0", "--xds-plaintext", `127.0.0.1:${xdsPort}`],
    ...["--monitoring", `127.0.0.1:${monitoring}`],
  ]);
  const stop = new AbortController();
  const running = runControlPlane(config, { logTo: process.stderr }, stop.signal);
  cleanUp.push(async () => {
    stop.abort();
    await running;
  });
  return { address: `http://127.0.0.1:${monitoring}`, xdsPort };
}

const mesh = `
apiVersion: v1
kind: Pod
metadata: { name: gateway-1, namespace: shop, labels: { istio: gateway } }
spec: { containers: [{ name: istio-proxy, image: auto }] }
status: { phase: Running, podIP: 10.0.0.1, podIPs: [{ ip: 10.0.0.1 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.0.1.1, clusterIPs: [10.0.1.1], selector: { app: web }, ports: [{ name: http, port: 80 }] }
`;

describe.runIf(envoyBinary() !== undefined)("pillion proxy-status", () => {
  test("shows a gateway of a control plane that reads files: as table, as JSON, and in detail", async () => {
    const { address, xdsPort } = await controlPlane();
    const asked = ["--control-plane", address];
    await expect
      .poll(
        () =>
          ps(...asked).then(
            ({ code }) => code,
            () => 2,
          ),
        patiently,
      )
      .toBe(0);
    expect(cells((await ps(...asked)).out.trim())).toEqual([
      "NAME",
      "CLUSTER",
      "CDS",
      "LDS",
      "EDS",
      "RDS",
      "ECDS",
      "ISTIOD",
      "VERSION",
    ]);
    const nodeId = "router~10.0.0.1~gateway-1.shop~shop.svc.cluster.local";
    const metadata = { CLUSTER_ID: "Kubernetes", ISTIO_REVISION: "default" };
    const bootstrap = { ...adsBootstrap({ xdsPort, nodeId }), node: { id: nodeId, cluster: "test", metadata } };
    const envoy = await startEnvoy({ bootstrap });
    cleanUp.push(() => envoy.stop());
    const row = async () => cells((await ps(...asked)).out.split("\n")[1]).map((cell) => cell.replace(/\d+s/, "1s"));
    const istiod = new URL(address).host;
    await expect
      .poll(row, patiently)
      .toEqual([
        "gateway-1.shop",
        "Kubernetes",
        ...["SYNCED (1s)", "SYNCED (1s)", "NOT SENT", "NOT SENT", "NOT SENT"],
        istiod,
        "1.40.0",
      ]);
    const [json] = JSON.parse((await ps(...asked, "-o", "json")).out) as readonly object[];
    expect(json).toMatchObject({ name: "gateway-1.shop", connected: true, type: "gateway", revision: "default" });
    const detail = await ps("gateway-1.shop", ...asked);
    expect(detail.out).toMatch(/^Proxy: +gateway-1\.shop \(gateway\)\nEnvoy: +1\.40\.0\n/);
    expect((await ps("-n", "other", ...asked)).out.trim().split("\n")).toHaveLength(1);
    await expect(ps("gateway-1", ...asked)).rejects.toThrow(/PROXY_UNKNOWN: .*Name its namespace: gateway-1\.shop/);
  });

  test("names the object and the reason of what Envoy refuses", async () => {
    const live = newLiveMesh();
    const port = await freePort();
    putOnDemandListener(live, port, "80");
    const served = await serveMesh(live);
    cleanUp.push(() => served.server.close());
    const monitoring = await startMonitoring({
      listen: { host: "127.0.0.1", port: 0 },
      health: createHealth([]),
      remarks: () => "",
      metrics: new Registry(),
      syncz: createSyncz({
        proxies: () => served.server.status(),
        revision: "default",
        now: () => performance.now(),
      }),
    });
    cleanUp.push(() => monitoring.close());
    const envoy = await startEnvoy({ bootstrap: adsBootstrap({ xdsPort: served.port, nodeId: "web~web-1" }) });
    cleanUp.push(() => envoy.stop());
    const asked = ["--control-plane", `http://127.0.0.1:${monitoring.port}`];
    const rds = async () => cells((await ps(...asked)).out.split("\n")[1])[5]?.split(" (")[0];
    await expect.poll(rds, patiently).toBe("SYNCED");
    live.put(typeUrls.virtualHost, "80/127.0.0.1", {
      name: "80/127.0.0.1",
      domains: ["127.0.0.1"],
      routes: [{ match: { prefix: "/" }, directResponse: { status: 600 } }],
    });
    live.publish();
    await fetch(`http://127.0.0.1:${port}/`);
    await expect.poll(rds, patiently).toBe("ERROR");
    expect((await ps(...asked)).err).toMatch(
      /^web-1\.shop refuses VHDS 80\/127\.0\.0\.1, from Test shop\/80\/127\.0\.0\.1: .*600/,
    );
    const { out } = await ps("pod/web-1.shop", ...asked);
    expect(out).toMatch(/Refused by Envoy, whose last good form stays:\n {2}VHDS 80\/127\.0\.0\.1, from Test /);
  });
});
