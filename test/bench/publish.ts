// What one changed rule costs a control plane with many proxies, and how soon the last of them has it.
//   npm run bench:publish -- --services 1000 --proxies 200 --rounds 20
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createSnapshots } from "../../control-plane/snapshots.ts";
import { type EncodedResource, typeUrls } from "../../envoy/resource.ts";
import { translator } from "../../envoy/translate.ts";
import { startXdsServer } from "../../xds/server.ts";
import { median } from "./measured-process.ts";
import { hostOf, meshOf, namespaceOf, podOf, portOf, ruleFor, withObjects } from "./mesh.ts";
import type { ProxiesTask } from "./proxies.ts";

const number = (standard: string) => ({ type: "string", default: standard }) as const;
const { values } = parseArgs({
  options: { services: number("1000"), pods: number("5"), proxies: number("200"), rounds: number("20") },
});
const services = Number(values.services);
const proxyCount = Number(values.proxies);
/** Each calls these many hosts: the first is the same for all. */
const hostsPerProxy = 10;
/** Nothing more is sent when it was quiet for so long. */
const quietMs = 500;

let world = meshOf({ services, podsPerService: Number(values.pods) });
for (let service = 0; service < services; service += 10) world = withObjects(world, [ruleFor(service, 1)]);
const snapshots = createSnapshots(world);
const sent = { messages: 0, bytes: 0, lastMs: 0 };
let connected = 0;
const stopping = new AbortController();
const none = (): void => {};
const server = await startXdsServer(
  {
    translator,
    snapshots,
    secrets: { get: (_, name) => secret(name), subscribe: () => none },
    authenticate: ({ nodeId }) => {
      const [, address = "", pod = ""] = nodeId.split("~");
      const [name = "", namespace = ""] = pod.split(".");
      const proxy = { type: "sidecar", namespace, pod: name, address } as const;
      return Promise.resolve({ ok: true, proxy, identity: nodeId, workload: nodeId });
    },
    metrics: {
      connected: (change) => {
        connected += change;
      },
      converged: none,
      refused: none,
      pushed: (_, { bytes }) => {
        sent.messages += 1;
        sent.bytes += bytes;
        sent.lastMs = performance.now();
      },
    },
    log: { debug: none, info: none, warn: none, error: (fields: object) => console.error(fields) },
    now: () => performance.now(),
    setTimer: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    plaintext: { host: "127.0.0.1", port: 0 },
  },
  stopping.signal,
);
const clients = fork(fileURLToPath(new URL("proxies.ts", import.meta.url)), { execArgv: process.execArgv });
try {
  await connectAll();
  await measure("a rule that all proxies hold", 0);
  await measure("a rule that none holds", services - (services % 10 || 10));
} finally {
  clients.kill();
  await server.close();
}

async function connectAll(): Promise<void> {
  const proxies = Array.from({ length: proxyCount }, (_, index) => {
    const own = (index * 3) % services;
    const called = Array.from({ length: hostsPerProxy }, (_one, host) =>
      host === 0 ? 0 : (own + 7 * host) % (services - 20),
    );
    const pod = `${podOf(own, 0)}.${namespaceOf(own)}`;
    return {
      nodeId: `sidecar~10.0.0.1~${pod}~${namespaceOf(own)}.svc.cluster.local`,
      hosts: called.map((service) => `${portOf(service)}/${hostOf(service)}`),
    };
  });
  const begun = cpu();
  clients.send({ port: server.plaintextPort ?? 0, proxies } satisfies ProxiesTask);
  await once(clients, "message");
  const isServed = ({ held }: ReturnType<typeof server.status>[number]): boolean =>
    (held.get(typeUrls.virtualHost) ?? 0) >= hostsPerProxy - 1;
  do await untilQuiet();
  while (!server.status().every(isServed));
  const perProxy = (figure: number): string => (figure / proxyCount).toFixed(1);
  console.log(
    `${services} services with ${values.pods} pods each, ${proxyCount} proxies with ${hostsPerProxy} hosts each`,
  );
  console.log(
    `connected: ${perProxy(cpu() - begun)} CPU-ms, ${perProxy(sent.messages)} messages, ${perProxy(sent.bytes / 1024)} kB each`,
  );
}

async function measure(name: string, service: number): Promise<void> {
  const rounds: { cpuMs: number; lastMs: number; messages: number; bytes: number }[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    Object.assign(sent, { messages: 0, bytes: 0, lastMs: performance.now() });
    const begunMs = performance.now();
    const begunCpu = cpu();
    world = withObjects(world, [ruleFor(service, 2 + round)]);
    snapshots.publish(world);
    await untilQuiet();
    rounds.push({ cpuMs: cpu() - begunCpu, lastMs: sent.lastMs - begunMs, messages: sent.messages, bytes: sent.bytes });
  }
  const of = (pick: (round: (typeof rounds)[number]) => number): string => median(rounds.map(pick)).toFixed(1);
  console.log(
    `${name}: ${of((round) => round.cpuMs)} CPU-ms, last push after ${of((round) => round.lastMs)} ms, ` +
      `${of((round) => round.messages)} messages, ${of((round) => round.bytes / 1024)} kB`,
  );
}

/** Until all proxies are there, and nothing was sent for a while. */
async function untilQuiet(): Promise<void> {
  const isQuiet = (): boolean => performance.now() - sent.lastMs > quietMs && connected === proxyCount;
  do await pause(quietMs);
  while (!isQuiet());
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function secret(name: string): EncodedResource {
  return { type: typeUrls.secret, name, version: "1", bytes: new Uint8Array(), needs: [], provenance: [] };
}
