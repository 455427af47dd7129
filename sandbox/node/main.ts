// The node: a process in network, mount and PID namespaces of its own that runs pods as the sandbox outside tells it by its
// standard input. As the first process there, its end is the end of everything in them.

import { join } from "node:path";
import { createInterface } from "node:readline";
import { PillionError } from "../../base/error.ts";
import { nodeAddress } from "../addresses.ts";
import {
  type NodeConfig,
  type NodeMessage,
  type NodeMethods,
  type NodeRequest,
  nodePaths,
  type PodReport,
} from "../node-protocol.ts";
import { listenOutside, parsePlace, serveTunnels } from "../relay.ts";
import { setUpPrivateRun } from "./mounts.ts";
import { setNatTable, setUpNode } from "./network.ts";
import { RunningPod } from "./pod.ts";

type Handlers = {
  readonly [M in keyof NodeMethods]: (params: Parameters<NodeMethods[M]>[0]) => Promise<ReturnType<NodeMethods[M]>>;
};

function say(message: NodeMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function handlers(): Handlers {
  const pods = new Map<string, RunningPod>();
  const find = (key: string): RunningPod => {
    const pod = pods.get(key);
    if (pod !== undefined) return pod;
    throw new PillionError("SANDBOX_POD", {
      problem: `Pod ${key} is not running`,
      fix: "List the pods with `pillion sandbox pods`",
    });
  };
  return {
    runPod: async (plan) => {
      const pod = new RunningPod(plan, (report: PodReport) => say({ type: "pod", report }));
      pods.set(plan.key, pod);
      await pod.start();
    },
    stopPod: async ({ key, graceSeconds }) => {
      await find(key).stop(graceSeconds);
      pods.delete(key);
    },
    exec: async ({ key, container, ...request }) => find(key).exec(container, request),
    kill: async ({ key, container, signal }) => find(key).kill(container, signal),
    setNatTable: async ({ text }) => setNatTable(text),
  };
}

async function answer(line: string, methods: Handlers): Promise<void> {
  // The sandbox outside is the only one who writes here, and is of the same version.
  const request = JSON.parse(line) as NodeRequest;
  try {
    const handler = methods[request.method] as (params: unknown) => Promise<unknown>;
    say({ type: "answer", id: request.id, result: (await handler(request.params)) ?? null });
  } catch (error) {
    const known = error instanceof PillionError;
    const problem = error instanceof Error ? (known ? error.problem : (error.stack ?? error.message)) : String(error);
    say({ type: "failure", id: request.id, problem, fix: known ? error.fix : "" });
  }
}

async function main(config: NodeConfig): Promise<void> {
  await setUpPrivateRun(config);
  await setUpNode();
  await serveTunnels(join(nodePaths.run, "node.sock"), parsePlace);
  for (const { port, target } of config.outward) {
    await listenOutside({
      listen: { host: nodeAddress, port },
      socketPath: join(nodePaths.run, "host.sock"),
      target: () => target,
    });
  }
  const methods = handlers();
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    void answer(line, methods);
  });
  lines.on("close", () => process.exit(0));
  say({ type: "ready" });
}

try {
  await main(JSON.parse(process.argv[2] ?? "{}") as NodeConfig);
} catch (error) {
  const known = error instanceof PillionError;
  say({
    type: "failure",
    id: 0,
    problem: known ? error.problem : String(error),
    fix: known ? error.fix : "Please report this",
  });
  process.exitCode = 1;
}
