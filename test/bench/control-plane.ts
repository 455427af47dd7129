// How long a control plane takes from the start of its process until it is ready, what it costs, and which part is when.
//   npm run bench:control-plane -- --services 1000 --runs 5 [--prof FOLDER]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type ApiServer, startApiServer } from "../apiserver/api-server.ts";
import { freePorts } from "../apiserver/control-plane-process.ts";
import { fill } from "./cluster-with-services.ts";
import { cpuMs, median, residentMb } from "./measured-process.ts";

const number = (standard: string) => ({ type: "string", default: standard }) as const;
const { values } = parseArgs({
  options: {
    services: number("1000"),
    pods: number("1"),
    namespaces: number("20"),
    rules: number("100"),
    runs: number("5"),
    program: { type: "string", default: fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url)) },
    prof: { type: "string" },
  },
});

/** Each question costs the process that is measured half a millisecond. */
const pollMs = 20;

interface Run {
  readonly readyMs: number;
  readonly cpuMs: number;
  readonly readyMb: number;
  readonly idleMb: number;
  readonly peakMb: number;
  /** When each line of /readyz and of the log was first seen, in ms. */
  readonly seen: ReadonlyMap<string, number>;
}

const cluster = await startApiServer();
try {
  await fill(cluster, {
    services: Number(values.services),
    podsPerService: Number(values.pods),
    namespaces: Number(values.namespaces),
    virtualServices: Number(values.rules),
  });
  const runs: Run[] = [];
  for (let index = 0; index < Number(values.runs); index++) runs.push(await measure(cluster, index));
  report(runs);
} finally {
  await cluster.stop();
}

/** As in a pod: the service account's files lie where the kubelet puts them, in a mount namespace of its own. */
function startProcess(flags: readonly string[], logFile: string) {
  const account = join(cluster.directory, "account");
  mkdirSync(account, { recursive: true });
  writeFileSync(join(account, "token"), cluster.adminToken);
  writeFileSync(join(account, "ca.crt"), readFileSync(cluster.caFile));
  const place = "/run/secrets/kubernetes.io/serviceaccount";
  const prof = values.prof === undefined ? "" : `--cpu-prof --cpu-prof-dir=${values.prof} `;
  const mount = `mount -t tmpfs none /run && mkdir -p ${place} && cp ${account}/* ${place}/`;
  const script = `${mount} && exec ${process.execPath} --enable-source-maps ${prof}${values.program} control-plane ${flags.join(" ")}`;
  const { hostname, port } = new URL(cluster.url);
  const env = { ...process.env, KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  const log = openSync(logFile, "w");
  return spawn("unshare", ["--mount", "sh", "-c", script], { stdio: ["ignore", log, log], env });
}

async function measure(on: ApiServer, index: number): Promise<Run> {
  const ports = await freePorts();
  const logFile = join(on.directory, `control-plane-${index}.log`);
  const flags = [
    "--in-cluster",
    `--webhook=127.0.0.1:${ports.webhook}`,
    `--webhook-url=https://127.0.0.1:${ports.webhook}`,
    `--xds=127.0.0.1:${ports.xds}`,
    `--monitoring=127.0.0.1:${ports.monitoring}`,
  ];
  const startedMs = Date.now();
  const child = startProcess(flags, logFile);
  const pid = child.pid ?? 0;
  const seen = new Map<string, number>();
  try {
    for (;;) {
      if (child.exitCode !== null) throw new Error(readFileSync(logFile, "utf8"));
      const page = await text(`http://127.0.0.1:${ports.monitoring}/readyz`);
      for (const line of page.split("\n").filter((one) => one.startsWith("[+]"))) {
        if (!seen.has(line)) seen.set(line, Date.now() - startedMs);
      }
      if (page !== "" && !page.includes("[-]")) break;
      await pause(pollMs);
    }
    const ready = { readyMs: Date.now() - startedMs, cpuMs: cpuMs(pid), readyMb: residentMb(pid).now };
    await pause(5_000);
    for (const line of readFileSync(logFile, "utf8")
      .split("\n")
      .filter((one) => one.startsWith("{"))) {
      const entry = JSON.parse(line) as { time: string; msg: string; task?: string; kind?: string };
      const name = `log: ${[entry.msg, entry.task, entry.kind].filter((part) => part !== undefined).join(" ")}`;
      if (!seen.has(name)) seen.set(name, Date.parse(entry.time) - startedMs);
    }
    return { ...ready, idleMb: residentMb(pid).now, peakMb: residentMb(pid).peak, seen };
  } finally {
    if (child.exitCode === null) {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    }
  }
}

async function text(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return ""; // Nobody listens yet.
  }
}

function report(runs: readonly Run[]): void {
  const row = (name: string, pick: (run: Run) => number): string => {
    const figures = runs.map(pick);
    return `${name.padEnd(60)} ${[median(figures), ...figures].map((figure) => figure.toFixed(0).padStart(6)).join("")}`;
  };
  console.log(
    `${values.services} services, ${values.pods} pods each, ${values.rules} VirtualServices; median, then each run`,
  );
  console.log(row("ready after, ms", (run) => run.readyMs));
  console.log(row("CPU until ready, ms", (run) => run.cpuMs));
  console.log(row("resident when ready, MB", (run) => run.readyMb));
  console.log(row("resident 5 s later, MB", (run) => run.idleMb));
  console.log(row("resident at most, MB", (run) => run.peakMb));
  const [first] = runs;
  const steps = [...(first?.seen ?? [])].toSorted(([, a], [, b]) => a - b);
  for (const [name] of steps) console.log(row(`  ${name}`, (run) => run.seen.get(name) ?? Number.NaN));
}
