import { expect, test } from "vitest";
import { podReport } from "./pod-findings.ts";
import { readProxyConfig } from "./proxy-config.ts";

const read = (text: string | undefined) => {
  const report = podReport({ kind: "Pod", namespace: "shop", name: "web" });
  return {
    config: readProxyConfig(text, report),
    codes: report.findings.map(({ code, problem }) => `${code} ${problem}`),
  };
};

test("readProxyConfig() reads the fields that have an effect", () => {
  const text = `
concurrency: 0
interceptionMode: NONE
holdApplicationUntilProxyStarts: true
proxyStatsMatcher: { inclusionPrefixes: [a], inclusionRegexps: ["a{1,2}"] }
proxyMetadata: { A: b }`;
  expect(read(text)).toEqual({
    config: {
      concurrency: 0,
      interceptionMode: "NONE",
      hold: true,
      stats: { prefixes: ["a"], regexps: ["a{1,2}"] },
      environment: { A: "b" },
    },
    codes: [],
  });
});

test("readProxyConfig() writes nothing to the output of the process", async () => {
  const warnings: unknown[] = [];
  const listener = (warning: unknown): void => void warnings.push(warning);
  process.on("warning", listener);
  read("concurrency: !odd 2\n? [a]\n: 1");
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listener);
  expect(warnings).toEqual([]);
});

test.each([undefined, "{}"])("readProxyConfig() sets nothing for %j", (text) => {
  expect(read(text)).toEqual({ config: { environment: {} }, codes: [] });
});

test.each([
  { text: "[", want: 'proxy.istio.io/config is "["' },
  { text: "just words", want: 'is "just words"' },
  { text: "concurrency: -1", want: 'is "concurrency: -1"' },
  { text: "interceptionMode: ALL", want: "interceptionMode" },
  { text: "holdApplicationUntilProxyStarts: 1", want: "holdApplicationUntilProxyStarts: 1" },
  { text: "proxyStatsMatcher: { inclusionRegexps: ['('] }", want: "proxyStatsMatcher.inclusionRegexps" },
  { text: "proxyStatsMatcher: { inclusionRegexps: ['a', ''] }", want: "proxyStatsMatcher.inclusionRegexps" },
  { text: String.raw`proxyStatsMatcher: { inclusionRegexps: ['\p{LC}'] }`, want: "proxyStatsMatcher.inclusionRegexps" },
  { text: "proxyStatsMatcher: { inclusionSuffixes: [''] }", want: "proxyStatsMatcher.inclusionSuffixes" },
  {
    text: `proxyStatsMatcher: { inclusionSuffixes: [${"é".repeat(9_000)}] }`,
    want: "proxyStatsMatcher.inclusionSuffixes",
  },
  {
    text: `proxyStatsMatcher: { inclusionPrefixes: [${"abcdefg,".repeat(2_048)}] }`,
    want: "proxyStatsMatcher.inclusionPrefixes",
  },
  { text: "proxyStatsMatcher: { inclusionPrefixes: a }", want: "proxyStatsMatcher.inclusionPrefixes" },
  { text: "proxyMetadata: { 'A B': c }", want: "proxyMetadata.A B" },
  { text: "proxyMetadata: { A: 1 }", want: "proxyMetadata.A: 1" },
])("readProxyConfig() reports $text", ({ text, want }) => {
  const { codes } = read(text);
  expect(codes).toHaveLength(1);
  expect(codes[0]).toMatch(/^PIL5002 /);
  expect(codes[0]).toContain(want);
});

test("readProxyConfig() warns of all fields without effect at once", () => {
  expect(read("drainDuration: 1s\ntracing: {}").codes).toEqual([
    "PIL5004 fields drainDuration, tracing of annotation proxy.istio.io/config have no effect",
  ]);
});
