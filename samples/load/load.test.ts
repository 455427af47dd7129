import { createServer } from "node:http";
import { expect, test } from "vitest";
import { parseFlags } from "../flags.ts";
import { listen } from "../serve.ts";
import { createLoadServer, durationMs, loadOptions, reportLoad } from "./load.ts";
import { noAnswer, percentile, runLoad } from "./load-run.ts";

const optionsFor = (line: string) => loadOptions(parseFlags(line.split(" "), new Set(["quiet"])));

test("loadOptions() reads the flags that tutorials use", () => {
  expect(optionsFor("-c 3 -qps 0 -n 20 -loglevel Warning -H end-user:jason http://httpbin:8000/get")).toEqual({
    url: "http://httpbin:8000/get",
    connections: 3,
    queriesPerSecond: 0,
    requests: 20,
    durationMs: 5000,
    headers: { "user-agent": "pillion-load", "end-user": "jason" },
    timeoutMs: 3000,
  });
  expect(optionsFor("-t 200ms --qps=50 httpbin:8000").url).toBe("http://httpbin:8000");
});

test.each([
  { line: "-c 2", problem: "is not an address" },
  { line: "-n many http://a", problem: 'takes a number, not "many"' },
  { line: "-t soon http://a", problem: "is not a duration" },
  { line: "http://a -n", problem: "needs a value" },
])("loadOptions() refuses $line", ({ line, problem }) => {
  expect(() => optionsFor(line)).toThrow(problem);
});

test("runLoad() sends every request over the given connections and counts codes", async () => {
  let sockets = 0;
  let answered = 0;
  const server = createServer((_request, response) => {
    answered += 1;
    response.writeHead(answered % 4 === 0 ? 503 : 200).end();
  });
  server.on("connection", () => {
    sockets += 1;
  });
  const listening = await listen(server, 0);
  const result = await runLoad(optionsFor(`-c 2 -qps 0 -n 20 http://127.0.0.1:${listening.port}/`));
  await listening.close();
  expect(Object.fromEntries(result.codes)).toEqual({ 200: 15, 503: 5 });
  expect(result.latenciesMs).toHaveLength(20);
  expect(sockets).toBe(2);
});

test("runLoad() keeps the asked pace and ends after its duration", async () => {
  const listening = await listen(createLoadServer(), 0);
  const result = await runLoad(optionsFor(`-c 2 -qps 50 -t 200ms http://127.0.0.1:${listening.port}/`));
  await listening.close();
  expect(result.latenciesMs.length).toBeGreaterThan(0);
  // However long a busy machine made of it: one request per 20 ms, and one for each connection to begin with.
  expect(result.latenciesMs.length).toBeLessThanOrEqual(Math.ceil(result.elapsedMs / 20) + 2);
});

test("runLoad() counts requests that nobody answers", async () => {
  const result = await runLoad(optionsFor("-c 1 -qps 0 -n 2 http://127.0.0.1:1/"));
  expect(Object.fromEntries(result.codes)).toEqual({ [noAnswer]: 2 });
});

test("reportLoad() prints codes with their shares", () => {
  const report = reportLoad({
    codes: new Map([
      [503, 3],
      [200, 17],
    ]),
    latenciesMs: Array(20).fill(1),
    elapsedMs: 20,
  });
  expect(report).toContain("Code 200 : 17 (85.0 %)\nCode 503 : 3 (15.0 %)\n");
  expect(report).toContain("# target 99% 0.001000");
});

test.each([
  { percent: 50, want: 2 },
  { percent: 99, want: 4 },
])("percentile() finds $percent % of four", ({ percent, want }) => {
  expect(percentile([1, 2, 3, 4], percent)).toBe(want);
});

test.each([
  { text: "1.5s", want: 1500 },
  { text: "200ms", want: 200 },
  { text: "2m", want: 120_000 },
  { text: "3", want: 3000 },
])("durationMs() reads $text", ({ text, want }) => {
  expect(durationMs(text)).toBe(want);
});

test("createLoadServer() sends bodies back with the asked status", async () => {
  const listening = await listen(createLoadServer(), 0);
  const url = `http://127.0.0.1:${listening.port}/?status=503`;
  const response = await fetch(url, { method: "POST", body: "hello" });
  expect([response.status, await response.text()]).toEqual([503, "hello"]);
  await listening.close();
});
