// What the sandbox (outside) and its node (inside the namespaces) say to each other: one JSON document a line.
import type { HookSpec, ProbeSpec } from "./objects.ts";

/** Folders of the node's private /run, where the host's files stay reachable whatever a pod mounts over them. */
export const nodePaths = {
  /** The tree of compiled programs with its node_modules. */
  app: "/run/pillion/app",
  node: "/run/pillion/bin/node",
  envoy: "/run/pillion/bin/envoy",
  /** The run directory. */
  run: "/run/pillion/run",
} as const;

/** How the node is started. */
export interface NodeConfig {
  readonly runDirectory: string;
  readonly appDirectory: string;
  readonly nodeBinary: string;
  readonly envoyBinary: string;
  /** Ports of the node's address that lead out to the host's socket, under this name. */
  readonly outward: readonly { readonly port: number; readonly target: string }[];
}

export interface Mount {
  /** A path as the node sees it. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export type ContainerRole = "init" | "sidecar" | "app";

/** A container, resolved: nothing in it refers to anything. */
export interface ContainerPlan {
  readonly name: string;
  readonly role: ContainerRole;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly user: number;
  readonly group: number;
  /** Lower case, without "cap_"; "all" for a privileged container. */
  readonly capabilities: readonly string[] | "all";
  readonly mounts: readonly Mount[];
  readonly logFile: string;
  readonly restart: "always" | "on-failure" | "never";
  /** Ports are numbers. */
  readonly probes: { readonly startup?: ProbeSpec; readonly readiness?: ProbeSpec; readonly liveness?: ProbeSpec };
  readonly preStop?: HookSpec;
}

export interface PodPlan {
  /** "namespace/name". */
  readonly key: string;
  /** The pod's number in this run; names of its namespace and interfaces come from it. */
  readonly number: number;
  readonly address: string;
  /** Init containers and native sidecars, in order. */
  readonly initial: readonly ContainerPlan[];
  readonly containers: readonly ContainerPlan[];
  readonly graceSeconds: number;
}

export interface ContainerReport {
  readonly name: string;
  readonly role: ContainerRole;
  readonly state: "waiting" | "running" | "terminated";
  /** Why it waits or how it ended, in Kubernetes' words. */
  readonly reason: string;
  /** Its startup probe has succeeded. */
  readonly started: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  readonly exitCode: number | undefined;
}

export interface PodReport {
  readonly key: string;
  /** All init containers are done and all sidecars started. */
  readonly initialized: boolean;
  readonly containers: readonly ContainerReport[];
}

export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + signal when a signal ended it, as shells say. */
  readonly code: number;
}

/** What the node does when it is asked; each answers when it is done. */
export interface NodeMethods {
  runPod(plan: PodPlan): void;
  /** Ends the pod in order; answers when nothing of it is left. */
  stopPod(request: { readonly key: string; readonly graceSeconds?: number | undefined }): void;
  exec(request: {
    readonly key: string;
    readonly container: string;
    readonly argv: readonly string[];
    readonly stdin: string;
    readonly timeoutMs: number;
  }): ExecResult;
  kill(request: { readonly key: string; readonly container: string; readonly signal: string }): void;
  setNatTable(request: { readonly text: string }): void;
}

export type NodeMethod = keyof NodeMethods;

/** A question with a number, so that the answer finds its way. */
export interface NodeRequest {
  readonly id: number;
  readonly method: NodeMethod;
  readonly params: unknown;
}

export type NodeMessage =
  | { readonly type: "ready" }
  | { readonly type: "answer"; readonly id: number; readonly result: unknown }
  | { readonly type: "failure"; readonly id: number; readonly problem: string; readonly fix: string }
  | { readonly type: "pod"; readonly report: PodReport };
