import { describe, expect, test } from "vitest";
import type { ContainerReport, PodReport } from "./node-protocol.ts";
import type { Pod } from "./objects.ts";
import { isReady, podStatus, withStatus } from "./pod-status.ts";

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-1", namespace: "shop" },
  spec: { containers: [{ name: "web" }] },
};
const container = (name: string, more: Partial<ContainerReport> = {}): ContainerReport => ({
  name,
  role: "app",
  state: "running",
  reason: "",
  started: true,
  ready: true,
  restarts: 0,
  exitCode: undefined,
  ...more,
});
const done = container("init", { role: "init", state: "terminated", ready: false, exitCode: 0 });
const report = (containers: readonly ContainerReport[], initialized = true): PodReport => ({
  key: "shop/web-1",
  initialized,
  containers,
});

describe("podStatus()", () => {
  test.each([
    {
      name: "all ready",
      given: report([done, container("proxy", { role: "sidecar" }), container("web")]),
      ready: "2/2",
      phase: "Running",
    },
    {
      name: "one not ready",
      given: report([container("proxy", { role: "sidecar" }), container("web", { ready: false })]),
      ready: "1/2",
      phase: "Running",
    },
    {
      name: "still initializing",
      given: report(
        [container("init", { role: "init", ready: false }), container("web", { state: "waiting", ready: false })],
        false,
      ),
      ready: "0/1",
      phase: "Pending",
    },
    {
      name: "crashing",
      given: report([container("web", { state: "waiting", reason: "CrashLoopBackOff", ready: false, restarts: 3 })]),
      ready: "0/1",
      phase: "CrashLoopBackOff",
    },
    {
      name: "crashing at the start",
      given: report([{ ...done, state: "waiting", reason: "CrashLoopBackOff" }], false),
      ready: "0/0",
      phase: "Init:CrashLoopBackOff",
    },
    {
      name: "failed at the start",
      given: report([{ ...done, exitCode: 1 }, container("web", { state: "waiting", ready: false })], false),
      ready: "0/1",
      phase: "Init:Error",
    },
    {
      name: "done",
      given: report([container("web", { state: "terminated", ready: false, exitCode: 0 })]),
      ready: "0/1",
      phase: "Succeeded",
    },
    {
      name: "failed",
      given: report([container("web", { state: "terminated", ready: false, exitCode: 1 })]),
      ready: "0/1",
      phase: "Failed",
    },
  ])("shows a pod that is $name as $ready $phase", ({ given, ready, phase }) => {
    expect(podStatus(pod, "10.77.0.9", given)).toMatchObject({ ready, phase, ip: "10.77.0.9" });
  });

  test("shows a pod that is on its way out", () => {
    const leaving = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    expect(podStatus(leaving, "10.77.0.9", report([container("web")])).phase).toBe("Terminating");
  });
});

test("isReady() asks all that stay, after initialization", () => {
  expect(isReady(report([done, container("web")]))).toBe(true);
  expect(isReady(report([done, container("web")], false))).toBe(false);
  expect(isReady(report([container("side", { role: "sidecar", ready: false }), container("web")]))).toBe(false);
});

test("withStatus() writes what the API server would serve", () => {
  const at = "2026-01-01T00:00:05Z";
  const { status } = withStatus(pod, "10.77.0.9", report([done, container("web")]), {
    started: "2026-01-01T00:00:00Z",
    at,
  });
  expect(status).toMatchObject({
    phase: "Running",
    podIP: "10.77.0.9",
    podIPs: [{ ip: "10.77.0.9" }],
    containerStatuses: [{ name: "web", ready: true, restartCount: 0, state: { running: {} } }],
    initContainerStatuses: [{ name: "init", state: { terminated: { exitCode: 0 } } }],
  });
  expect(status?.["conditions"]).toContainEqual({ type: "Ready", status: "True", lastTransitionTime: at });
});
