// pillion demo: bookinfo through injected sidecars on this machine, until Ctrl-C; with --check the walkthrough instead.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkAll } from "../demo/check.ts";
import { istioBookinfoFiles, istioBookinfoLines } from "../demo/lines/istio-bookinfo.ts";
import { lines } from "../demo/lines.ts";
import { runningMesh } from "../demo/running-mesh.ts";
import { type Demo, type DemoOptions, startDemo } from "../demo/start.ts";
import type { ExitCode, Io, Verb } from "../verb.ts";

const usage = `
Usage: pillion demo [--dir DIR] [--port PORT] [--check [--only TEXT] [--bookinfo DIR]]

Runs a mesh on this machine: pods in network namespaces, real sidecars, real mutual TLS. Needs Linux and root.

  --dir DIR     serve this folder of YAML instead of a fresh one with bookinfo
  --port PORT   the ingress gateway's port on 127.0.0.1   (a free one)
  --check       ask the mesh everything in docs/walkthrough.md, print what was seen, exit with 1 if a line fails
  --only TEXT   of these only the lines whose question contains TEXT
  --bookinfo DIR  run Istio's samples/bookinfo in DIR, unchanged, and ask its own walkthrough instead
`;

/** What a fresh folder begins with, of samples/. */
const freshFiles = [
  "demo/namespaces.yaml",
  "demo/mesh-config.yaml",
  "gateways.yaml",
  "bookinfo/bookinfo.yaml",
  "bookinfo/gateway.yaml",
  "httpbin/httpbin.yaml",
  "shell/curl.yaml",
  "demo/plain.yaml",
  "demo/outside.yaml",
];
/** What the walkthrough needs beside it. */
const checkFiles = ["echo/echo.yaml", "echo/headless.yaml", "echo/unnamed.yaml", "load/load.yaml", "demo/quiet.yaml"];

/** Longest that pods may take to be ready, in milliseconds. */
const readyPatienceMs = 120_000;

export const demo: Verb = {
  name: "demo",
  summary: "run bookinfo on this machine, through real sidecars",
  usage,
  run: async (args, io) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dir: { type: "string" },
        port: { type: "string", default: "0" },
        check: { type: "boolean", default: false },
        only: { type: "string", default: "" },
        bookinfo: { type: "string" },
      },
    });
    const started = performance.now();
    const say = (line: string): void => void io.err.write(`${line}\n`);
    const options: DemoOptions = {
      directory: values.dir === undefined ? undefined : resolve(values.dir),
      files: filesFor(values.check, values.bookinfo),
      port: Number(values.port),
      // The walkthrough provokes refusals; they would only clutter its table.
      say: values.check ? () => undefined : say,
    };
    say("Starting the control plane and the pods …");
    const running = await startDemo(options, io.signal);
    try {
      const ready = async () =>
        running.sandbox.ready(AbortSignal.any([io.signal, AbortSignal.timeout(readyPatienceMs)]));
      await ready();
      say(`Ready after ${((performance.now() - started) / 1_000).toFixed(1)} s.`);
      if (!values.check) return await stayUp(running, io);
      const all = values.bookinfo === undefined ? lines : istioBookinfoLines(values.bookinfo);
      const wanted = all.filter((line) => line.asked.includes(values.only));
      const { failed } = await checkAll(wanted, runningMesh(running, ready), io.out, io.signal);
      return failed === 0 ? 0 : 1;
    } catch (thrown) {
      // Whoever interrupts the start does not want to hear what is not ready.
      if (io.signal.aborted) return 0;
      throw thrown;
    } finally {
      say("Taking everything down …");
      await running.stop();
    }
  },
};

function filesFor(isCheck: boolean, istioBookinfo: string | undefined): readonly string[] {
  if (istioBookinfo !== undefined) {
    const own = freshFiles.filter((file) => !file.startsWith("bookinfo/"));
    return [...own, ...istioBookinfoFiles.map((file) => resolve(istioBookinfo, file))];
  }
  return isCheck ? [...freshFiles, ...checkFiles] : freshFiles;
}

async function stayUp(running: Demo, io: Io): Promise<ExitCode> {
  io.out.write(welcome(running));
  await new Promise<void>((resolve, reject) => {
    io.signal.addEventListener("abort", () => resolve(), { once: true });
    running.sandbox.failed.catch(reject);
  });
  io.out.write("\n");
  return 0;
}

function welcome({ sandbox, ingressUrl, directory }: Demo): string {
  const rows = sandbox.pods().map((pod) => [pod.namespace, pod.name, pod.ready, pod.phase, pod.ip]);
  const table = [["NAMESPACE", "NAME", "READY", "STATUS", "IP"], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const text = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `
${text.join("\n")}

Product page   ${ingressUrl}/productpage
Rules          ${directory}
               Files that you put or edit there are live at once; a mistake is explained here, and the last good form stays.

Try in another terminal:
  cp samples/bookinfo/subsets.yaml samples/bookinfo/reviews-v3.yaml ${directory}    # everybody sees red stars
  npx pillion sandbox exec deploy/curl -- curl -s http://reviews:9080/reviews/0
  npx pillion sandbox logs deploy/productpage-v1 -c istio-proxy
  npx pillion sandbox pods

Ctrl-C ends it and leaves nothing behind.
`;
}
