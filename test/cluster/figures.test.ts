// Figures of a real node, printed as a table for docs/benchmarks.md and never asserted: the machine may be busy.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { apply, environment, kubectl, run, start } from "./commands.ts";
import { startTutorial } from "./tutorial.ts";

const serviceCount = 1_000;
const figures: (readonly [what: string, seen: string, aim: string])[] = [];

afterAll(() => {
  const lines = figures.map((cells) => `| ${cells.join(" | ")} |`);
  process.stdout.write(["", "| figure | seen | aim |", "| --- | --- | --- |", ...lines, ""].join("\n"));
});

interface Process {
  readonly pid: string;
  readonly command: string;
  readonly environment: string;
}

/** Programs of this machine's containers: the node is this machine. */
function processes(): readonly Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return [{ pid, command, environment: readFileSync(`/proc/${pid}/environ`, "utf8") }];
      } catch {
        return []; // It ended while we looked.
      }
    });
}

const controlPlane = (): Process | undefined =>
  processes().find(
    ({ command, environment }) =>
      command.includes("/app/dist/cli/main.js control-plane") && /POD_NAME=/.test(environment),
  );

const residentMb = (pid: string): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1_024;

/** Milliseconds since a process began, by the kernel's clock. */
function ageMs(pid: string): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const upSeconds = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return (upSeconds - Number(fields[19]) / 100) * 1_000;
}

/** Restart the control plane; milliseconds from the start of its process until it says that it is ready. */
async function readyMs(): Promise<number> {
  const before = controlPlane()?.pid;
  kubectl("delete", "pods", "-n", "istio-system", "-l", "app=istiod", "--grace-period=1", "--wait=true");
  for (;;) {
    const found = controlPlane();
    if (found !== undefined && found.pid !== before) {
      const address = kubectl(
        "get",
        "pods",
        "-n",
        "istio-system",
        "-l",
        "app=istiod",
        "-o",
        "jsonpath={.items[*].status.podIP}",
      );
      const answer = await fetch(`http://${address.split(" ").at(-1)}:15014/readyz`).catch(() => undefined);
      if (answer?.ok === true) return ageMs(found.pid);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function controlPlaneFigures(services: string): Promise<void> {
  const ms = await readyMs();
  figures.push([`control plane ready after its container starts, ${services}`, `${ms.toFixed(0)} ms`, "3 s"]);
  kubectl("rollout", "status", "-n", "istio-system", "deploy/istiod", "--timeout=60s");
  const found = controlPlane();
  if (found !== undefined)
    figures.push([`memory of the control plane, ${services}`, `${residentMb(found.pid).toFixed(0)} MB`, "200 MB idle"]);
}

const endsAtOnce = JSON.stringify({ spec: { terminationGracePeriodSeconds: 0 } });

/** Milliseconds from creating a pod until it is ready. */
async function podStartMs(namespace: string, name: string): Promise<number> {
  const began = performance.now();
  for (const words of [
    ["run", "-n", namespace, name, "--image=pillion/shell:1.0", `--overrides=${endsAtOnce}`],
    ["wait", "-n", namespace, `pod/${name}`, "--for=condition=Ready", "--timeout=60s"],
  ]) {
    const { code, stderr } = await start(["kubectl", ...words]);
    if (code !== 0) throw new Error(`kubectl ${words.join(" ")}: ${stderr}`);
  }
  return performance.now() - began;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

test("a pod's start with and without a sidecar, and the sidecar's memory", async () => {
  const [meshed, plain] = [startTutorial("starting"), startTutorial("starting-plain")];
  kubectl("label", "namespace", plain.namespace, "istio-injection=disabled", "--overwrite");
  try {
    const [withSidecar, without]: [number[], number[]] = [[], []];
    for (let round = 0; round < 5; round += 1) {
      withSidecar.push(await podStartMs(meshed.namespace, `pod-${round}`));
      without.push(await podStartMs(plain.namespace, `pod-${round}`));
    }
    const envoys = processes().filter(({ command }) => command.startsWith("/usr/local/bin/envoy "));
    figures.push(["start of a pod with a sidecar", `${median(withSidecar).toFixed(0)} ms`, ""]);
    figures.push(["start of a pod without", `${median(without).toFixed(0)} ms`, ""]);
    figures.push(["the sidecar's part", `${(median(withSidecar) - median(without)).toFixed(0)} ms`, "1 s"]);
    figures.push([
      `memory of a sidecar, median of ${envoys.length}`,
      `${median(envoys.map(({ pid }) => residentMb(pid))).toFixed(0)} MB`,
      "75 MB",
    ]);
  } finally {
    meshed.end();
    plain.end();
  }
});

/** Runs in a pod: asks without pause over one connection, and prints the wall clock at the first answer with the header's value. */
const watcher = `
const [value] = process.argv.slice(1);
const agent = new (require("node:http").Agent)({ keepAlive: true });
const ask = () => require("node:http").get("http://echo:8080/", { agent }, (answer) => {
  answer.resume();
  if (answer.headers["x-round"] === value) return console.log(Date.now());
  answer.on("end", ask);
}).on("error", ask);
console.log("asking");
ask();
setTimeout(() => process.exit(1), 20_000).unref();
`;

interface Spoken {
  readonly text: string;
  /** The wall clock when it was said. */
  readonly at: number;
}

/** What a program says, word by word. */
async function* speech(words: readonly string[], input = ""): AsyncGenerator<Spoken, undefined> {
  const [program = "", ...args] = words;
  const child = spawn(program, args, { env: environment, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(input);
  for await (const said of child.stdout) yield { text: String(said).trim(), at: Date.now() };
  return undefined;
}

/** When kubectl began, when it said that the rule is stored, and when an answer showed it. */
async function applyToTraffic(round: number) {
  const watching = speech(["kubectl", "exec", "deploy/curl", "-c", "curl", "--", "node", "-e", watcher, `${round}`]);
  await watching.next();
  const began = Date.now();
  const rule = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo }
spec:
  hosts: [echo]
  http:
    - route: [{ destination: { host: echo, port: { number: 8080 } } }]
      headers: { response: { set: { x-round: "${round}" } } }`;
  const [stored, shown] = await Promise.all([speech(["kubectl", "apply", "-f", "-"], rule).next(), watching.next()]);
  const [storedAt, shownAt] = [stored.value?.at, Number(shown.value?.text)];
  if (storedAt === undefined || Number.isNaN(shownAt))
    throw new Error(`round ${round} was not stored, or never showed`);
  return { kubectlMs: storedAt - began, afterMs: shownAt - storedAt, wholeMs: shownAt - began };
}

test("kubectl apply of a routing rule to changed traffic", async () => {
  const rounds = [];
  try {
    for (let round = 1; round <= 10; round += 1) rounds.push(await applyToTraffic(round));
  } finally {
    kubectl("delete", "vs", "-n", "default", "echo");
  }
  const ms = (values: readonly number[]): string =>
    `median ${median(values).toFixed(0)} ms, worst ${Math.max(...values)} ms`;
  figures.push(["kubectl apply to changed traffic", ms(rounds.map(({ wholeMs }) => wholeMs)), ""]);
  figures.push([
    "of it kubectl, until it says that the rule is stored",
    ms(rounds.map(({ kubectlMs }) => kubectlMs)),
    "",
  ]);
  figures.push(["from there to changed traffic", ms(rounds.map(({ afterMs }) => afterMs)), "100 ms"]);
});

// The last one: it replaces the control plane, and for a while the node has enough to do.
test("the control plane's start and memory", async () => {
  await controlPlaneFigures("the samples");
  const many = Array.from({ length: serviceCount }, (_, index) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: `service-${index}`, namespace: "many" },
    spec: { selector: { app: `app-${index}` }, ports: [{ name: "http", port: 80 }] },
  }));
  apply("{ apiVersion: v1, kind: Namespace, metadata: { name: many } }");
  run(["kubectl", "create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: many }));
  await controlPlaneFigures(`${serviceCount} services`);
  kubectl("delete", "namespace", "many", "--wait=false");
  // kube-proxy is busy with so many services, and only then learns where the new control plane is.
  const injects = () =>
    start(["kubectl", "run", "-n", "default", "probe", "--image=pillion/shell:1.0", "--dry-run=server"]);
  await expect.poll(async () => (await injects()).code, { timeout: 120_000 }).toBe(0);
});
