// `pillion sandbox pods|exec|logs`: a look into a demo that runs in another terminal.
import { closeSync, openSync, readSync, watch } from "node:fs";
import { parseArgs } from "node:util";
import { PillionError } from "../../base/error.ts";
import { askSandbox } from "../../sandbox/control-socket.ts";
import { liveRuns } from "../../sandbox/run-directory.ts";
import { tableLines } from "../table.ts";
import type { ExitCode, Io, Verb } from "../verb.ts";

const usage = `
Usage: pillion sandbox pods [-n NAMESPACE]
       pillion sandbox exec POD [-n NAMESPACE] [-c CONTAINER] [-i] -- PROGRAM [ARGUMENT...]
       pillion sandbox logs POD [-n NAMESPACE] [-c CONTAINER] [-f] [--tail LINES]

POD is a pod's name or deploy/NAME; CONTAINER is the pod's first one unless named.

  -n, --namespace NAME  default for exec and logs; all for pods
  -c, --container NAME
  -i, --stdin           give the program what is piped in here
  -f, --follow          go on until Ctrl-C
      --tail LINES      only the last ones
      --run DIR         the run directory, where more than one demo runs
`;

const flags = {
  namespace: { type: "string", short: "n" },
  container: { type: "string", short: "c", default: "" },
  stdin: { type: "boolean", short: "i", default: false },
  follow: { type: "boolean", short: "f", default: false },
  tail: { type: "string" },
  run: { type: "string" },
} as const;

type Flags = ReturnType<typeof parse>["values"];

/** @see usage */
export const sandbox: Verb = {
  name: "sandbox",
  summary: "look into a running demo: pods, exec, logs",
  usage,
  async run(args, io) {
    // What stands behind "--" belongs to the program.
    const end = args.includes("--") ? args.indexOf("--") : args.length;
    const { values, positionals } = parse(args.slice(0, end));
    const [action, pod] = positionals;
    if (action === "pods") return pods(values, io);
    if (action === "exec" && pod !== undefined && end + 1 < args.length)
      return exec(pod, args.slice(end + 1), values, io);
    if (action === "logs" && pod !== undefined) return logs(pod, values, io);
    io.err.write(`${usage.trim()}\n`);
    return 2;
  },
};

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: flags, allowPositionals: true });
}

async function pods(values: Flags, io: Io): Promise<ExitCode> {
  const all = await askSandbox(runOf(values), { verb: "pods" });
  const shown = all.filter(({ namespace }) => values.namespace === undefined || namespace === values.namespace);
  const rows = shown.map((pod) => [pod.namespace, pod.name, pod.ready, pod.phase, String(pod.restarts), pod.ip]);
  const lines = tableLines(["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "IP"], rows);
  io.out.write(`${lines.join("\n")}\n`);
  return 0;
}

async function exec(pod: string, argv: readonly string[], values: Flags, io: Io): Promise<ExitCode> {
  const stdin = values.stdin ? await readStdin() : "";
  const { namespace = "default", container } = values;
  const done = await askSandbox(runOf(values), { verb: "exec", namespace, pod, container, argv, stdin });
  io.out.write(done.stdout);
  io.err.write(done.stderr);
  if (done.code !== 0) io.err.write(`pillion sandbox: the program ended with code ${done.code}\n`);
  return done.code === 0 ? 0 : 1;
}

async function logs(pod: string, values: Flags, io: Io): Promise<ExitCode> {
  const { namespace = "default", container, tail } = values;
  if (tail !== undefined && !/^\d+$/.test(tail)) {
    throw new PillionError("USAGE", {
      problem: `--tail "${tail}" is no number of lines`,
      fix: "Write it like --tail 20",
    });
  }
  const path = await askSandbox(runOf(values), { verb: "logs", namespace, pod, container });
  const file = openSync(path, "r");
  try {
    const text = readRest(file);
    io.out.write(tail === undefined ? text : lastLines(text, Number(tail)));
    if (!values.follow) return 0;
    const watcher = watch(path, () => io.out.write(readRest(file)));
    await new Promise<void>((resolve) => {
      io.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    watcher.close();
    return 0;
  } finally {
    closeSync(file);
  }
}

/** The demo that runs; of several, the one that was started last. */
function runOf(values: Flags): string {
  const run = values.run ?? liveRuns()[0];
  if (run !== undefined) return run;
  throw new PillionError("SANDBOX_AWAY", {
    problem: "No demo runs on this machine",
    fix: "Start one with `npm run demo` in another terminal",
  });
}

function lastLines(text: string, count: number): string {
  const lines = text.split(/(?<=\n)/);
  return lines.slice(Math.max(0, lines.length - count)).join("");
}

/** What the file has from where reading stopped last. */
function readRest(file: number): string {
  const buffer = Buffer.alloc(64 * 1024);
  const chunks: Buffer[] = [];
  for (let size = readSync(file, buffer); size > 0; size = readSync(file, buffer)) {
    chunks.push(Buffer.from(buffer.subarray(0, size)));
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
