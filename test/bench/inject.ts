// What an injected pod costs: the built webhook beside a bare handler, each a process of its own, under the same load.
//   npm run bench:inject -- --requests 100000
//   node --import tsx test/bench/inject.ts --program FOLDER/cli/main.js    a bundle, instead of dist/
import { type ChildProcess, fork, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createCa, issue } from "../../certs/ca.ts";
import { freePorts } from "../apiserver/control-plane-process.ts";
import { type Load, loadOn } from "./inject-load.ts";
import { reviewOf } from "./inject-pods.ts";
import { cpuMs, median, residentMb } from "./measured-process.ts";
import type { ProxiesTask } from "./proxies.ts";

const { values } = parseArgs({
  options: { requests: { type: "string", default: "100000" }, program: { type: "string" } },
});
const requests = Number(values.requests);
/** Requests of a round, and rounds: the two take turns, so that what else goes on meets both. */
const [perRound, rounds, warmUp] = [1_000, 5, 3_000];
const proxyCount = 500;
const pods = { "the pod of bookinfo": reviewOf(1), "a pod of 10 containers": reviewOf(10) };

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const program = values.program ?? at("../../dist/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "pillion-bench-"));
const children: ChildProcess[] = [];

/** 500 pods with proxies that connect, beside the namespace that injects. */
function writeMesh(): void {
  mkdirSync(join(folder, "mesh"));
  const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n";
  const podTexts = Array.from({ length: proxyCount }, (_, index) => JSON.stringify(podOf(index)));
  writeFileSync(join(folder, "mesh", "mesh.yaml"), [namespace, ...podTexts].join("\n---\n"));
}
const addressOf = (index: number): string => `10.244.${index >> 8}.${index & 0xff}`;
const podOf = (index: number): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: `pod-${index}`, namespace: "shop", labels: { "security.istio.io/tlsMode": "istio" } },
  spec: { containers: [{ name: "app" }] },
  status: { podIP: addressOf(index), phase: "Running" },
});

async function startWebhook(webhookPort: number, xdsPort: number, plainPort: number): Promise<number> {
  const flags = ["--config-dir", join(folder, "mesh"), "--state-dir", join(folder, "state")];
  const ports = ["--webhook", `127.0.0.1:${webhookPort}`, "--xds", `127.0.0.1:${xdsPort}`];
  const words = [...flags, ...ports, "--xds-plaintext", `127.0.0.1:${plainPort}`, "--monitoring", "127.0.0.1:0"];
  const child = spawn(process.execPath, [program, "control-plane", ...words], { stdio: "ignore" });
  children.push(child);
  for (let tries = 0; !(await isReady(webhookPort)); tries++) {
    if (tries > 200 || child.exitCode !== null) throw new Error("the control plane did not start");
    await pause(100);
  }
  return child.pid ?? 0;
}

const isReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const url = `https://127.0.0.1:${port}/readyz`;
    get(url, { rejectUnauthorized: false }, (answer) => resolve(answer.resume().statusCode === 200)).on("error", () =>
      resolve(false),
    );
  });

async function startBare(answer: string): Promise<{ readonly pid: number; readonly port: number }> {
  const [now, newKeyPair] = [Date.now(), () => generateKeyPairSync("ec", { namedCurve: "P-256" })];
  const issued = issue(createCa({ now, newKeyPair, trustDomain: "bench" }), {
    now,
    newKeyPair,
    dnsNames: ["localhost"],
  });
  const child = fork(at("bare-handler.ts"), { execArgv: ["--import", "tsx"] });
  children.push(child);
  child.send({ cert: issued.certificateChainPem, key: issued.privateKey.reveal(), answer });
  const [port] = (await once(child, "message")) as [number]; // it sends nothing else
  return { pid: child.pid ?? 0, port };
}

/** One after the other; gives the CPU time and the time of the clock of one request, and the time of each answer. */
async function compare(injecting: Load, bare: Load, pids: { readonly injecting: number; readonly bare: number }) {
  const both = [
    { load: injecting, pid: pids.injecting, cpu: [] as number[], times: [] as number[], wall: [] as number[] },
    { load: bare, pid: pids.bare, cpu: [] as number[], times: [] as number[], wall: [] as number[] },
  ] as const;
  for (const { load } of both) await load.send(warmUp);
  for (let round = 0; round < rounds; round++) {
    for (const { load, pid, cpu, times, wall } of both) {
      const [begin, used] = [performance.now(), cpuMs(pid)];
      times.push(...(await load.send(perRound)));
      cpu.push((cpuMs(pid) - used) / perRound);
      wall.push((performance.now() - begin) / perRound);
    }
  }
  return both;
}

const quantile = (times: readonly number[], share: number): string =>
  (times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(1);

/** All proxies connect at once, and the answers that injection gives meanwhile. */
async function whileProxiesConnect(load: Load, plainPort: number): Promise<readonly number[]> {
  const proxies = Array.from({ length: proxyCount }, (_, index) => ({
    nodeId: `sidecar~${addressOf(index)}~pod-${index}.shop~shop.svc.cluster.local`,
    hosts: [],
  }));
  const child = fork(at("proxies.ts"), { execArgv: ["--import", "tsx"] });
  children.push(child);
  await once(child, "spawn");
  child.send({ port: plainPort, proxies } satisfies ProxiesTask);
  await once(child, "message");
  const times = await load.send(perRound);
  child.kill();
  return times;
}

/** What the webhook answers, with "UID" in place of the uid. */
async function answerOf(port: number, body: string): Promise<string> {
  let answer = "";
  const load = loadOn(port, body, (text) => {
    answer = text;
    return text.includes('"patchType":"JSONPatch"');
  });
  await load.send(1);
  load.close();
  return answer.replace(/"uid":"[^"]+"/, '"uid":"UID"');
}

try {
  writeMesh();
  const { webhook: webhookPort, xds: xdsPort, monitoring: plainPort } = await freePorts();
  const pid = await startWebhook(webhookPort, xdsPort, plainPort);
  const rows: string[] = [];
  let last: Load | undefined;
  for (const [name, body] of Object.entries(pods)) {
    const bare = await startBare(await answerOf(webhookPort, body));
    const isGood = (answer: string): boolean => answer.includes('"patchType":"JSONPatch"');
    const [injecting, plain] = [loadOn(webhookPort, body, isGood), loadOn(bare.port, body, isGood)];
    const [ours, theirs] = await compare(injecting, plain, { injecting: pid, bare: bare.pid });
    const [cost, least] = [median(ours.cpu), median(theirs.cpu)];
    const perSecond = [ours, theirs].map(({ wall }) => (1_000 / median(wall)).toFixed(0));
    const latency = [ours, theirs].map(({ times }) => `${quantile(times, 0.5)}/${quantile(times, 0.99)}`);
    rows.push(
      `| ${name} | ${cost.toFixed(2)} | ${least.toFixed(2)} | ${(cost / least).toFixed(2)} | ${perSecond.join(" / ")} | ${latency.join(" and ")} |`,
    );
    plain.close();
    last?.close();
    last = injecting;
  }
  console.info(
    "| pod | CPU-ms | bare handler | ratio | requests/s, bare | p50/p99 ms, bare |\n|---|---|---|---|---|---|",
  );
  console.info(rows.join("\n"));
  if (last === undefined) throw new Error("there is no load");
  const quarters = 4;
  const resident = [residentMb(pid).now];
  for (let quarter = 0; quarter < quarters; quarter++) {
    for (let sent = 0; sent < requests / quarters; sent += perRound) await last.send(perRound);
    resident.push(residentMb(pid).now);
  }
  console.info(
    `memory before and after each quarter of ${requests} more requests: ${resident.map((mb) => mb.toFixed(0)).join(", ")} MB`,
  );
  console.info(
    `p99 while ${proxyCount} proxies connect: ${quantile(await whileProxiesConnect(last, plainPort), 0.99)} ms`,
  );
  const after = residentMb(pid);
  console.info(`memory with the proxies: ${after.now.toFixed(0)} MB, ${after.peak.toFixed(0)} MB at most`);
  last.close();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
