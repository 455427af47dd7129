// pillion demo: bookinfo through injected sidecars on this machine, until Ctrl-C; with --check the walkthrough instead.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { PillionError } from "../../base/error.ts";
import { checkAll } from "../demo/check.ts";
import type { Line } from "../demo/line.ts";
import { istioBookinfoFiles, istioBookinfoLines } from "../demo/lines/istio-bookinfo.ts";
import { lines } from "../demo/lines.ts";
import { runningMesh } from "../demo/running-mesh.ts";
import { type Demo, type DemoOptions, startDemo } from "../demo/start.ts";
import { tableLines } from "../table.ts";
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
    const asked = values.check ? linesFor(values.bookinfo, values.only) : [];
    const options: DemoOptions = {
      directory: values.dir === undefined ? undefined : resolve(values.dir),
      files: filesFor(values.check, values.bookinfo),
      port: portOf(values.port),
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
      const { failed } = await checkAll(asked, runningMesh(running, ready), io.out, io.signal);
      return failed === 0 ? 0 : 1;
    } catch (thrown) {
      // Whoever interrupts the start does not want to hear what is not ready.
      if (io.signal.aborted) return values.check ? 1 : 0;
      throw thrown;
    } finally {
      say("Taking everything down …");
      await running.stop();
    }
  },
};

/** The lines to ask. @throws {PillionError} DEMO_LINE when there is none: asking nothing must not look like success. */
function linesFor(istioBookinfo: string | undefined, only: string): readonly Line[] {
  const all = istioBookinfo === undefined ? lines : istioBookinfoLines(istioBookinfo);
  const wanted = all.filter((line) => line.asked.includes(only));
  if (wanted.length > 0) return wanted;
  throw new PillionError("DEMO_LINE", {
    problem: `No line of the walkthrough contains "${only}"`,
    fix: "See docs/walkthrough.md for what is asked, or leave --only out",
  });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new PillionError("DEMO_PORT", {
    problem: `--port "${text}" is no port`,
    fix: "Use a number from 1 to 65535, or 0 for a free one",
  });
}

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
    running.controlPlane.died.catch(reject);
  });
  io.out.write("\n");
  return 0;
}

function welcome({ sandbox, ingressUrl, directory, controlPlane }: Demo): string {
  const rows = sandbox.pods().map((pod) => [pod.namespace, pod.name, pod.ready, pod.phase, pod.ip]);
  const text = tableLines(["NAMESPACE", "NAME", "READY", "STATUS", "IP"], rows);
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
  npx pillion proxy-status --control-plane http://127.0.0.1:${controlPlane.monitoringPort}

Ctrl-C ends it and leaves nothing behind.
`;
}
