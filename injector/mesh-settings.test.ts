import { expect, test } from "vitest";
import { parseMeshConfig } from "../api/mesh-config.ts";
import { settingsFromMesh } from "./mesh-settings.ts";
import { defaultSettings, injectorSettings } from "./settings.ts";

const read = (yaml: string) => settingsFromMesh(parseMeshConfig(yaml).config);

test("settingsFromMesh() gives our defaults for an empty mesh configuration", () => {
  const { changes, problems } = read("{}");
  expect({ settings: injectorSettings(changes), problems }).toEqual({ settings: defaultSettings, problems: [] });
});

test("settingsFromMesh() reads everything that injection depends on", () => {
  const text = `
enablePrometheusMerge: false
pillion: { clusterDomain: k8s.corp }
defaultConfig:
  concurrency: 4
  interceptionMode: NONE
  holdApplicationUntilProxyStarts: true
  discoveryAddress: "[fd00::1]:15012"
  proxyMetadata: { A: b }
  proxyStatsMatcher: { inclusionPrefixes: [cluster], inclusionRegexps: ["a.*"] }`;
  expect(read(text)).toEqual({
    changes: {
      mergeMetrics: false,
      clusterDomain: "k8s.corp",
      concurrency: 4,
      interceptionMode: "NONE",
      holdApplicationUntilProxyStarts: true,
      xds: { host: "fd00::1", port: 15_012, sni: "fd00::1" },
      environment: { A: "b" },
      stats: { prefixes: ["cluster"], suffixes: [], regexps: ["a.*"] },
    },
    problems: [],
  });
});

test.each([
  { yaml: "{ concurrency: 5000 }", want: "defaultConfig.concurrency is 5000" },
  { yaml: "{ discoveryAddress: '$(HOST):15012' }", want: 'defaultConfig.discoveryAddress is "$(HOST):15012"' },
  { yaml: "{ proxyStatsMatcher: { inclusionRegexps: ['('] } }", want: "proxyStatsMatcher.inclusionRegexps" },
  { yaml: "{ proxyMetadata: { 'A B': c } }", want: "proxyMetadata.A B" },
])("settingsFromMesh() says what is wrong with $yaml", ({ yaml, want }) => {
  const { problems } = read(`defaultConfig: ${yaml}`);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(want);
});
