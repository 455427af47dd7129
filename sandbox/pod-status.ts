// A pod's status in Kubernetes' words, from what the node reports.
import type { ContainerReport, PodReport } from "./node-protocol.ts";
import type { Pod } from "./objects.ts";

/** One line of `pillion sandbox pods`. */
export interface PodStatus {
  readonly namespace: string;
  readonly name: string;
  /** "2/2": containers that are ready, of all that stay. */
  readonly ready: string;
  readonly isReady: boolean;
  /** "Running", "Pending", "Terminating", or what keeps it from running, as kubectl shows it. */
  readonly phase: string;
  readonly restarts: number;
  readonly ip: string;
}

/** Containers that stay: applications and native sidecars. */
function lasting(report: PodReport): readonly ContainerReport[] {
  return report.containers.filter(({ role }) => role !== "init");
}

/** All of it is initialized, and everything that stays is ready. */
export function isReady(report: PodReport): boolean {
  return report.initialized && lasting(report).every(({ ready }) => ready);
}

/** One line about a pod. */
export function podStatus(pod: Pod, address: string, report: PodReport): PodStatus {
  const stay = lasting(report);
  return {
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    ready: `${stay.filter(({ ready }) => ready).length}/${stay.length}`,
    isReady: isReady(report),
    phase: phaseText(pod, report),
    restarts: report.containers.reduce((sum, { restarts }) => sum + restarts, 0),
    ip: address,
  };
}

/** The object with its status, as the API server would serve it. `at` is RFC 3339. */
export function withStatus(
  pod: Pod,
  address: string,
  report: PodReport,
  times: { readonly started: string; readonly at: string },
): Pod {
  const ready = isReady(report);
  const condition = (type: string, holds: boolean): object => ({
    type,
    status: holds ? "True" : "False",
    lastTransitionTime: times.at,
  });
  const statusOf = (container: ContainerReport): object => ({
    name: container.name,
    ready: container.ready,
    started: container.started,
    restartCount: container.restarts,
    state: stateOf(container),
  });
  return {
    ...pod,
    status: {
      phase: kubernetesPhase(report),
      podIP: address,
      podIPs: [{ ip: address }],
      startTime: times.started,
      conditions: [
        condition("PodScheduled", true),
        condition("Initialized", report.initialized),
        condition("ContainersReady", ready),
        condition("Ready", ready),
      ],
      initContainerStatuses: report.containers.filter(({ role }) => role !== "app").map(statusOf),
      containerStatuses: report.containers.filter(({ role }) => role === "app").map(statusOf),
    },
  };
}

function stateOf(container: ContainerReport): object {
  switch (container.state) {
    case "waiting":
      return { waiting: { reason: container.reason } };
    case "running":
      return { running: {} };
    case "terminated":
      return { terminated: { exitCode: container.exitCode ?? 0, reason: container.reason } };
  }
}

function kubernetesPhase(report: PodReport): string {
  const apps = report.containers.filter(({ role }) => role === "app");
  if (!report.initialized) return "Pending";
  if (apps.every(({ state }) => state === "terminated")) {
    return apps.every(({ exitCode }) => exitCode === 0) ? "Succeeded" : "Failed";
  }
  return "Running";
}

function phaseText(pod: Pod, report: PodReport): string {
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  const stuck = report.containers.find(({ state, reason }) => state === "waiting" && reason === "CrashLoopBackOff");
  if (stuck !== undefined) return stuck.role === "init" ? `Init:${stuck.reason}` : stuck.reason;
  const failed = report.containers.find(
    ({ state, role, exitCode }) => state === "terminated" && role === "init" && exitCode !== 0,
  );
  return failed === undefined ? kubernetesPhase(report) : "Init:Error";
}
