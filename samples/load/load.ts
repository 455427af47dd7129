/**
 * A load program with the flags of fortio that tutorials use:
 * `load.js load -c 3 -qps 0 -n 20 [-t 5s] [-H name:value] [-timeout 3s] URL`, `load.js curl [-quiet] URL`, `load.js server`.
 */
import { createServer, request, type Server } from "node:http";
import { readBody, send } from "../answer.ts";
import { type Flags, numberFlag, parseFlags } from "../flags.ts";
import { isMainModule, parsePort, serve } from "../serve.ts";
import { type LoadOptions, type LoadResult, noAnswer, percentile, runLoad } from "./load-run.ts";

/** Longest body that the server echoes. */
const bodyLimitBytes = 1024 * 1024;

/** Reads the flags of `load`. @throws Error when there is no http:// URL or a flag has no number. */
export function loadOptions(flags: Flags): LoadOptions {
  const duration = flags.values.get("t");
  const requests = numberFlag(flags, "n", 0);
  return {
    url: targetOf(flags),
    connections: Math.max(1, numberFlag(flags, "c", 4)),
    queriesPerSecond: numberFlag(flags, "qps", 8),
    requests: requests > 0 ? requests : undefined,
    durationMs: durationMs(duration ?? "5s"),
    headers: headersOf(flags),
    timeoutMs: durationMs(flags.values.get("timeout") ?? "3s"),
  };
}

/** What is printed after a run: the codes with their shares, as fortio has them. */
export function reportLoad({ codes, latenciesMs, elapsedMs }: LoadResult): string {
  const total = latenciesMs.length;
  const seconds = (ms: number): string => (ms / 1000).toFixed(6);
  const perSecond = elapsedMs > 0 ? (total / elapsedMs) * 1000 : 0;
  return [
    `Ended after ${seconds(elapsedMs)}s : ${total} calls. qps=${perSecond.toFixed(2)}`,
    ...[50, 75, 90, 99, 99.9].map((share) => `# target ${share}% ${seconds(percentile(latenciesMs, share))}`),
    ...[...codes]
      .sort(([left], [right]) => left - right)
      .map(([code, count]) => `Code ${padCode(code)} : ${count} (${((100 * count) / total).toFixed(1)} %)`),
    "",
  ].join("\n");
}

/** A server that sends every body back, as `fortio server` does; `?status=503` and `?delay=100ms` are honoured. */
export function createLoadServer(): Server {
  return createServer((incoming, response) => {
    const { searchParams } = new URL(incoming.url ?? "/", "http://load");
    const status = Number(searchParams.get("status") ?? 200);
    const delay = durationMs(searchParams.get("delay") ?? "0s");
    readBody(incoming, bodyLimitBytes).then(
      (body) => {
        const answer = (): void => send(response, status >= 200 && status < 600 ? status : 400, "text/plain", body);
        setTimeout(answer, delay);
      },
      () => send(response, 413, "text/plain", "the body is too long\n"),
    );
  });
}

/** Milliseconds in `1.5s`, `200ms`, `2m`, `1h`; a number without unit is seconds. @throws Error for other text. */
export function durationMs(text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`"${text}" is not a duration: write 5s, 200ms or 1m.`);
  const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return Number(number) * (factors[unit] ?? 1000);
}

function targetOf(flags: Flags): string {
  const target = flags.words.at(-1) ?? "";
  const url = /^[a-z]+:\/\//.test(target) ? target : `http://${target}`;
  if (target === "" || !url.startsWith("http://") || !URL.canParse(url)) {
    throw new Error(`"${target}" is not an address: give one such as http://httpbin:8000/get.`);
  }
  return url;
}

function headersOf(flags: Flags): Record<string, string> {
  const pairs = flags.all("H").map((line): [string, string] => {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`flag -H takes "name:value", not "${line}".`);
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  return { "user-agent": "pillion-load", ...Object.fromEntries(pairs) };
}

function padCode(code: number): string {
  return code === noAnswer ? " -1" : String(code);
}

/** Prints the answer's head (not with `-quiet`) and body. Resolves with whether the status was below 400. */
function curl(flags: Flags): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const outgoing = request(targetOf(flags), { headers: headersOf(flags), agent: false }, (response) => {
      const lines = [`HTTP/${response.httpVersion} ${response.statusCode ?? ""} ${response.statusMessage ?? ""}`];
      for (let index = 0; index < response.rawHeaders.length; index += 2) {
        lines.push(`${response.rawHeaders[index] ?? ""}: ${response.rawHeaders[index + 1] ?? ""}`);
      }
      process.stdout.write(`${lines.join("\n")}\n\n`);
      response.pipe(process.stdout, { end: false });
      response.on("end", () => resolve((response.statusCode ?? 500) < 400));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

async function load(flags: Flags): Promise<void> {
  const options = loadOptions(flags);
  const pace = options.queriesPerSecond > 0 ? `${options.queriesPerSecond} queries per second` : "full speed";
  process.stdout.write(`Load at ${pace} over ${options.connections} connections: ${options.url}\n`);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  process.stdout.write(reportLoad(await runLoad(options, interrupted.signal)));
}

async function main(args: readonly string[]): Promise<void> {
  const [verb = "load", ...rest] = ["load", "curl", "server"].includes(args[0] ?? "") ? args : ["load", ...args];
  const flags = parseFlags(rest, new Set(["quiet", "a", "k", "stdclient", "nocatchup", "uniform"]));
  if (verb === "server") {
    const port = parsePort(flags.values.get("http-port")?.split(":").at(-1), 8080);
    await serve("load", [{ server: createLoadServer(), port }]);
  } else if (verb === "curl") process.exitCode = (await curl(flags)) ? 0 : 1;
  else await load(flags);
}

if (isMainModule(import.meta.url)) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  });
}
