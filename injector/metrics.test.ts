import { expect, test } from "vitest";
import { mergedMetrics } from "./metrics.ts";
import { podReport } from "./pod-findings.ts";
import { injectorSettings } from "./settings.ts";

const merged = (
  annotations: Readonly<Record<string, string>>,
  { mergeMetrics = true, template = "sidecar" }: { mergeMetrics?: boolean; template?: "sidecar" | "gateway" } = {},
  known = {},
) => {
  const report = podReport({ kind: "Pod", namespace: "shop", name: "web" });
  const settings = injectorSettings({ mergeMetrics });
  const metrics = mergedMetrics({ metadata: { annotations } }, { settings, template, known }, report);
  return { ...metrics, codes: report.findings.map(({ code, problem }) => `${code} ${problem}`) };
};

const to = (port: string) => ({
  "prometheus.io/scrape": "true",
  "prometheus.io/port": port,
  "prometheus.io/path": "/stats/prometheus",
});
const application = { type: "http", port: 80, path: "/metrics", https: false, headers: [], timeoutSeconds: 8 };
const table = (changes?: object) => ({
  "/stats/prometheus": {
    type: "metrics",
    ...(changes === undefined ? {} : { application: { ...application, ...changes } }),
  },
});

test.each([
  { name: "of the proxy alone", given: {}, want: table() },
  { name: "of an application that says no more", given: { "prometheus.io/scrape": "true" }, want: table({}) },
  { name: "of a port", given: { "prometheus.io/port": "8080" }, want: table({ port: 8080 }) },
  { name: "of a path", given: { "prometheus.io/path": "/m?x=1" }, want: table({ path: "/m?x=1" }) },
])("mergedMetrics() sends Prometheus to the proxy for metrics $name", ({ given, want }) => {
  expect(merged(given)).toEqual({ annotations: to("15020"), table: want, codes: [] });
});

test("mergedMetrics() asks the application over HTTPS itself", () => {
  expect(merged({ "prometheus.io/scheme": "https", "prometheus.io/port": "8443" })).toEqual({
    annotations: { ...to("15020"), "prometheus.io/scheme": "http" },
    table: table({ port: 8443, https: true }),
    codes: [],
  });
});

test.each([
  { name: "none", given: "", want: table() },
  { name: "one", given: "9100", want: table({ port: 9100 }) },
  {
    name: "two",
    given: " 9100:/a?b=1, 9101 , 9102: ",
    want: {
      "/stats/prometheus": {
        type: "metrics",
        application: { ...application, port: 9100, path: "/a?b=1", timeoutSeconds: 2 },
        more: [9101, 9102].map((port) => ({ ...application, port, timeoutSeconds: 2 })),
      },
    },
  },
])("mergedMetrics() asks all scrape targets, in their order: $name", ({ given, want }) => {
  const annotations = { "prometheus.istio.io/scrape-targets": given };
  expect(merged(annotations)).toEqual({ annotations: to("15020"), table: want, codes: [] });
  const alone = { ...annotations, "prometheus.io/port": "8080", "prometheus.io/path": "/else" };
  expect(merged(alone).table).toEqual(given === "" ? table({ port: 8080, path: "/else" }) : want);
  expect(merged({ ...annotations, ...to("15020") }, {}, want).table).toEqual(want);
});

test("mergedMetrics() keeps what an earlier injection knew", () => {
  expect(merged(to("15020"), {}, table({ port: 8080 })).table).toEqual(table({ port: 8080 }));
  expect(merged(to("15020")).table).toEqual(table());
});

test("mergedMetrics() sends Prometheus to a gateway's own port", () => {
  expect(merged({}, { template: "gateway" })).toEqual({ annotations: to("15090"), table: {}, codes: [] });
});

test.each([
  { name: "the pod is not to be scraped", given: { "prometheus.io/scrape": "false" } },
  { name: "the pod says so", given: { "prometheus.istio.io/merge-metrics": "false" } },
  { name: "the mesh says so", given: {}, mergeMetrics: false },
])("mergedMetrics() leaves a pod alone where $name", ({ given, mergeMetrics = true }) => {
  expect(merged(given, { mergeMetrics })).toEqual({ annotations: {}, table: {}, codes: [] });
});

test("mergedMetrics() merges where the pod says so and the mesh does not", () => {
  expect(merged({ "prometheus.istio.io/merge-metrics": "true" }, { mergeMetrics: false }).table).toEqual(table());
});

test.each([
  { "prometheus.io/port": "15020" },
  { "prometheus.io/port": "15090" },
  { "prometheus.io/port": "http" },
  { "prometheus.io/port": "" },
  { "prometheus.io/port": "80,81" },
  { "prometheus.istio.io/merge-metrics": "maybe" },
  { "prometheus.istio.io/scrape-targets": "15090:/metrics" },
  { "prometheus.istio.io/scrape-targets": "9100:metrics" },
  { "prometheus.istio.io/scrape-targets": "web:/metrics" },
  { "prometheus.istio.io/scrape-targets": "0" },
  { "prometheus.istio.io/scrape-targets": "1,2,3,4,5,6,7,8,9" },
])("mergedMetrics() refuses %j", (given) => {
  const { codes, table: none } = merged(given);
  expect(codes).toHaveLength(1);
  expect(codes[0]).toMatch(/^PIL5002 /);
  expect(none).toEqual({});
});
