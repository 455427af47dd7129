import { expect, test } from "vitest";
import { inject } from "./inject.ts";
import type { JsonObject } from "./json.ts";
import { defaultSettings } from "./settings.ts";

const problemsOf = (proxy: JsonObject, list = "containers"): readonly string[] => {
  const containers = [{ name: "web" }];
  const pod = { metadata: { name: "web" }, spec: { containers, [list]: [{ name: "istio-proxy", ...proxy }] } };
  const { findings, pod: after } = inject(pod, { name: "shop", labels: {} }, defaultSettings);
  if (findings.length > 0) expect(after).toBe(pod);
  return findings.map(({ code, severity, problem }) => `${severity} ${code} ${problem}`);
};

test.each<{ readonly proxy: JsonObject; readonly want: string }>([
  // What JSON.parse makes of 1e400.
  { proxy: { securityContext: { runAsUser: Number.POSITIVE_INFINITY } }, want: "securityContext.runAsUser" },
  { proxy: { securityContext: { runAsUser: -0.5 } }, want: "is -0.5" },
  { proxy: { securityContext: { runAsUser: -1 } }, want: "is -1" },
  { proxy: { securityContext: { runAsUser: "1337" } }, want: 'is "1337"' },
  { proxy: { securityContext: { runAsGroup: 2_147_483_648 } }, want: "securityContext.runAsGroup" },
  { proxy: { resources: { limits: { cpu: "many" } } }, want: "resources.limits.cpu" },
  { proxy: { resources: { limits: { cpu: -1 } } }, want: "is -1" },
  { proxy: { resources: { requests: { cpu: { a: 1 } } } }, want: "resources.requests.cpu" },
  { proxy: { env: { A: "b" } }, want: 'env of container "istio-proxy"' },
])("checkOverrides() refuses $proxy", ({ proxy, want }) => {
  for (const list of ["containers", "initContainers"]) {
    const problems = problemsOf(proxy, list);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^error PIL5007 /);
    expect(problems[0]).toContain(want);
  }
});

test("checkOverrides() takes what Kubernetes takes", () => {
  const proxy: JsonObject = {
    securityContext: { runAsUser: 0, runAsGroup: null },
    resources: { limits: { cpu: 2, memory: "1Gi" }, requests: { cpu: null } },
    env: [],
  };
  expect(problemsOf(proxy)).toEqual([]);
});
