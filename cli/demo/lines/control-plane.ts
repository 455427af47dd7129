// How fast a rule is live, and what happens while the control plane is away.
import { eventually, expectThat, type Line } from "../line.ts";
import type { DemoMesh } from "../mesh.ts";

const header = (value: number): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo }
spec:
  hosts: [echo]
  http:
    - route: [{ destination: { host: echo, port: { number: 8080 } } }]
      headers: { response: { set: { x-round: "${value}" } } }
`;

/**
 * Runs in the pod: asks without pause over one connection, and prints the wall clock at the first answer with the header's value.
 * A process of its own for each request would be most of what is measured.
 */
const watcher = `
const [value] = process.argv.slice(1);
const agent = new (require("node:http").Agent)({ keepAlive: true });
console.error("asking");
const ask = () => require("node:http").get("http://echo:8080/", { agent }, (answer) => {
  answer.resume();
  if (answer.headers["x-round"] === value) return console.log(Date.now());
  answer.on("end", ask);
}).on("error", ask);
ask();
setTimeout(() => process.exit(1), 20_000).unref();
`;

/** Milliseconds from writing the file until an answer shows it. */
async function roundTripMs(mesh: DemoMesh, round: number): Promise<number> {
  const watching = mesh.exec("default/curl", ["node", "-e", watcher, `${round}`]);
  await new Promise((resolve) => setTimeout(resolve, 400)); // for Node to start; a late start would only add to what is measured
  const written = Date.now();
  mesh.apply("round", header(round));
  const { stdout, code } = await watching;
  expectThat(code === 0, `round ${round} never showed`);
  return Number(stdout.trim()) - written;
}

/** Requests in a loop until stopped; how many there were and what went wrong. */
function underLoad(mesh: DemoMesh): { stop(): Promise<{ count: number; failures: readonly string[] }> } {
  const running = { on: true };
  const failures: string[] = [];
  let count = 0;
  const loop = (async () => {
    while (running.on) {
      const answers = await mesh.askMany("default/curl", "http://echo:8080/load", { times: 50 });
      count += answers.length;
      failures.push(...answers.filter((answer) => answer.status !== 200).map((answer) => `${answer.status}`));
    }
  })();
  // Whoever stops it sees a failure; until then nobody waits, and the process must not end of it.
  loop.catch(() => undefined);
  return {
    stop: async () => {
      running.on = false;
      await loop;
      return { count, failures };
    },
  };
}

/** Wait until nothing has been sent for a second: what the line before took away may still be on its way. */
async function settledResources(mesh: DemoMesh): Promise<void> {
  let [sent, since] = [-1, performance.now()];
  await eventually(async () => {
    const now = await mesh.controlPlane.metric("pillion_xds_resources_sent_total");
    if (now !== sent) [sent, since] = [now, performance.now()];
    expectThat(performance.now() - since > 1_000, "resources are still being sent");
  });
}

/** Envoy waits longer after each try; how many proxies there are. */
async function untilProxiesAreBack(mesh: DemoMesh): Promise<number> {
  const proxies = mesh.pods().filter((pod) => pod.ready === "2/2" || pod.namespace === "istio-system").length;
  await eventually(async () => {
    const connected = await mesh.controlPlane.metric("pillion_xds_proxies");
    expectThat(connected === proxies, `${connected} of ${proxies} proxies are back`);
  }, 60_000);
  return proxies;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const controlPlaneLines: readonly Line[] = [
  {
    asked: "a rule changed ten times",
    expected: "live at the sidecar each time (aim: median under 50 ms)",
    check: async (mesh) => {
      const times: number[] = [];
      for (let round = 1; round <= 10; round += 1) times.push(await roundTripMs(mesh, round));
      return `median ${median(times)} ms, worst ${Math.max(...times)} ms`;
    },
  },
  {
    asked: "control plane killed with -9 and restarted under load",
    expected: "no request lost, no resource sent again that did not change",
    check: async (mesh) => {
      await mesh.ask("default/curl", "http://echo:8080/load");
      await settledResources(mesh);
      const load = underLoad(mesh);
      await mesh.controlPlane.kill();
      await new Promise((resolve) => setTimeout(resolve, 500));
      await mesh.controlPlane.start();
      const proxies = await untilProxiesAreBack(mesh);
      const { count, failures } = await load.stop();
      const resent = await mesh.controlPlane.metric("pillion_xds_resources_sent_total");
      const seen = `${failures.length} of ${count} requests lost, ${resent} resources sent again to ${proxies} proxies`;
      expectThat(failures.length === 0 && resent === 0 && count > 0, `${seen} ${failures.slice(0, 5).join(" ")}`);
      return seen;
    },
  },
  {
    asked: "control plane away: known hosts, a never-seen host; afterwards a new pod of a known workload",
    expected:
      "known hosts work; the unseen one answers once it is back; the new pod has its siblings' hosts before it is ready",
    check: async (mesh) => {
      const known = async () => (await mesh.ask("default/curl", "http://echo:8080/known")).status;
      expectThat((await known()) === 200, "echo does not answer before the test");
      await mesh.controlPlane.kill();
      const unseen = mesh.ask("default/curl", "http://unseen:8080/", { maxSeconds: 60 });
      const away = [await known(), await known(), await known()];
      await mesh.controlPlane.start();
      const answer = await unseen;
      expectThat(
        away.every((status) => status === 200),
        `known host while away: ${away.join(" ")}`,
      );
      expectThat(answer.status === 200, `the unseen host answered ${answer.status} after ${Math.round(answer.ms)} ms`);
      // What a workload uses is known from its proxies: one that is still away has told nothing.
      await untilProxiesAreBack(mesh);
      await mesh.restart("default/curl");
      const dump = await mesh.exec(
        "default/curl",
        ["curl", "-s", "http://127.0.0.1:15000/config_dump?resource=dynamic_route_configs"],
        { container: "istio-proxy" },
      );
      const hosts = ["echo", "unseen"].filter((name) => dump.stdout.includes(`${name}.default.svc.cluster.local`));
      const seen = `known ${away.join(" ")}; unseen ${answer.status} after ${(answer.ms / 1_000).toFixed(1)} s; new pod starts with ${hosts.join(", ") || "nothing"}`;
      expectThat(hosts.length === 2, seen);
      return seen;
    },
  },
];
