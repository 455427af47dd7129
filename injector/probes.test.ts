import { expect, test } from "vitest";
import type { Json, JsonObject } from "./json.ts";
import { podReport } from "./pod-findings.ts";
import { rewriteProbes } from "./probes.ts";

const report = () => podReport({ kind: "Pod", namespace: "shop", name: "web" });
const container = (fields: JsonObject): JsonObject => ({
  name: "web",
  ports: [{ name: "http", containerPort: 8080 }],
  ...fields,
});
const sent = (short: string): JsonObject => ({ path: `/app-health/web/${short}`, port: 15_020 });

test.each<{ readonly name: string; readonly probe: JsonObject; readonly want: Json; readonly rest?: JsonObject }>([
  {
    name: "HTTP",
    probe: {
      httpGet: { path: "/ok", port: 8080, httpHeaders: [{ name: "X", value: "1" }] },
      periodSeconds: 7,
      timeoutSeconds: 3,
    },
    want: {
      type: "http",
      port: 8080,
      path: "/ok",
      https: false,
      headers: [{ name: "X", value: "1" }],
      timeoutSeconds: 3,
    },
    rest: { periodSeconds: 7, timeoutSeconds: 3 },
  },
  {
    name: "HTTPS by a port's name",
    probe: { httpGet: { port: "http", scheme: "HTTPS" } },
    want: { type: "http", port: 8080, path: "/", https: true, headers: [], timeoutSeconds: 1 },
  },
  {
    name: "HTTP with a host",
    probe: { httpGet: { port: 80, host: "a.b" } },
    want: { type: "http", port: 80, path: "/", https: false, host: "a.b", headers: [], timeoutSeconds: 1 },
  },
  { name: "TCP", probe: { tcpSocket: { port: "8080" } }, want: { type: "tcp", port: 8080, timeoutSeconds: 1 } },
  {
    name: "gRPC",
    probe: { grpc: { port: 9000, service: "s" } },
    want: { type: "grpc", port: 9000, service: "s", timeoutSeconds: 1 },
  },
])("rewriteProbes() sends a probe by $name to the proxy and keeps the rest", ({ probe, want, rest = {} }) => {
  for (const [field, short] of [
    ["readinessProbe", "readyz"],
    ["livenessProbe", "livez"],
    ["startupProbe", "startupz"],
  ] as const) {
    const result = rewriteProbes(container({ [field]: probe }), {}, report());
    expect(result.table).toEqual({ [`/app-health/web/${short}`]: want });
    expect(result.container[field]).toEqual({ ...rest, httpGet: sent(short) });
  }
});

test.each<{ readonly name: string; readonly probe: JsonObject }>([
  { name: "a command", probe: { exec: { command: ["true"] } } },
  { name: "TCP to another machine", probe: { tcpSocket: { port: 1, host: "10.0.0.1" } } },
  { name: "nothing", probe: {} },
])("rewriteProbes() leaves a probe by $name alone", ({ probe }) => {
  const given = container({ livenessProbe: probe });
  const reported = report();
  expect(rewriteProbes(given, {}, reported)).toEqual({ container: given, table: {} });
  expect(reported.findings).toEqual([]);
});

test("rewriteProbes() warns of a port name that the container does not have", () => {
  const given = container({ readinessProbe: { httpGet: { port: "web" } } });
  const reported = report();
  expect(rewriteProbes(given, {}, reported).container).toBe(given);
  expect(reported.findings).toMatchObject([{ code: "PIL5006", severity: "warning" }]);
});

test("rewriteProbes() sends HTTP hooks to the proxy, and leaves others", () => {
  const exec = { exec: { command: ["true"] } };
  const hooks = {
    preStop: { httpGet: { path: "/bye", port: "http", scheme: "HTTPS" } },
    postStart: { httpGet: { port: 8080 } },
  };
  const result = rewriteProbes(container({ lifecycle: hooks }), {}, report());
  expect(result.container["lifecycle"]).toEqual({
    preStop: { httpGet: { path: "/app-lifecycle/web/prestopz", port: 15_020 } },
    postStart: { httpGet: { path: "/app-lifecycle/web/poststartz", port: 15_020 } },
  });
  const asked = { type: "http", port: 8080, headers: [], timeoutSeconds: 0 };
  expect(result.table).toEqual({
    "/app-lifecycle/web/prestopz": { ...asked, path: "/bye", https: true },
    "/app-lifecycle/web/poststartz": { ...asked, path: "/", https: false },
  });
  expect(rewriteProbes(result.container, result.table, report())).toEqual(result);
  const others = container({ lifecycle: { preStop: exec, postStart: { tcpSocket: { port: 1 } } } });
  expect(rewriteProbes(others, {}, report())).toEqual({ container: others, table: {} });
});

test.each([0, -1, 65_536, 1.5, "0", "70000", undefined])("rewriteProbes() leaves a probe of port %s alone", (port) => {
  const given = container({ readinessProbe: { httpGet: port === undefined ? {} : { port } } });
  const reported = report();
  expect(rewriteProbes(given, {}, reported).container).toBe(given);
  expect(reported.findings).toMatchObject([{ code: "PIL5006" }]);
});

test("rewriteProbes() remembers what a probe asked before it was rewritten", () => {
  const first = rewriteProbes(container({ readinessProbe: { tcpSocket: { port: 1 } } }), {}, report());
  const second = rewriteProbes(first.container, first.table, report());
  expect(second).toEqual(first);
});

test("rewriteProbes() warns when nobody knows what a rewritten probe asked before", () => {
  const reported = report();
  rewriteProbes(container({ readinessProbe: { httpGet: sent("readyz") } }), {}, reported);
  expect(reported.findings).toMatchObject([{ code: "PIL5006" }]);
});
