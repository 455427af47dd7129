// From a pod as the API server would store it to what the node runs: every reference resolved, every image a command.
import { PillionError } from "../base/error.ts";
import { sidecarNames } from "../model/sidecar.ts";
import { environmentOf, expand, type Surroundings } from "./environment.ts";
import { type Catalogue, findImage, type Image, resolveProgram } from "./images.ts";
import type { ContainerPlan, ContainerRole, Mount, PodPlan } from "./node-protocol.ts";
import type { ContainerSpec, HookSpec, Pod, ProbeSpec } from "./objects.ts";
import { volumeMounts } from "./volumes.ts";

export interface PlanInput {
  readonly pod: Pod;
  readonly number: number;
  readonly address: string;
  readonly catalogue: Catalogue;
  readonly around: Surroundings;
  /** Folder of the pod's volumes, as the node sees it. */
  readonly volumes: string;
  /** Files that every container sees, such as its hosts file. */
  readonly commonMounts: readonly Mount[];
  /** Log file of a container, as the node sees it. */
  logFile(container: string): string;
}

/** What container runtimes give a container that asks for nothing. */
const defaultCapabilities = [
  ...["chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap"],
  ...["net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap"],
];
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const defaultGraceSeconds = 30;

/**
 * The plan of a pod.
 * @throws {PillionError} SANDBOX_IMAGE when neither the catalogue nor the container says what to run.
 */
export function planPod(input: PlanInput): PodPlan {
  const { pod } = input;
  const initial = (pod.spec.initContainers ?? []).map((container) =>
    planContainer(input, container, container.restartPolicy === "Always" ? "sidecar" : "init"),
  );
  return {
    key: `${pod.metadata.namespace}/${pod.metadata.name}`,
    number: input.number,
    address: input.address,
    initial,
    containers: pod.spec.containers.map((container) => planContainer(input, container, "app")),
    graceSeconds: pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds,
  };
}

/** The words that a program is called with in a container of this pod, as with exec. */
export function programIn(catalogue: Catalogue, container: ContainerSpec, words: readonly string[]): readonly string[] {
  return resolveProgram(imageOf(catalogue, container), words);
}

function planContainer(input: PlanInput, container: ContainerSpec, role: ContainerRole): ContainerPlan {
  const { pod } = input;
  const image = imageOf(input.catalogue, container);
  const base = { PATH: defaultPath, HOME: "/", HOSTNAME: pod.spec.hostname ?? pod.metadata.name, ...image?.env };
  const env = environmentOf(pod, container, base, input.around);
  const words = container.command ?? image?.entrypoint ?? [];
  // A command of the manifest replaces the image's arguments too.
  const args = container.args ?? (container.command === undefined ? (image?.cmd ?? []) : []);
  const argv = [...words, ...args].map((word) => expand(word, env));
  if (argv.length === 0) throw unknownImage(pod, container);
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser ?? 0;
  const preStop = container.lifecycle?.preStop;
  return {
    name: container.name,
    role,
    argv: resolveProgram(image, argv),
    env,
    workingDir: container.workingDir ?? image?.workingDir ?? "/",
    user,
    group: container.securityContext?.runAsGroup ?? pod.spec.securityContext?.runAsGroup ?? user,
    capabilities: capabilitiesOf(container),
    mounts: [...input.commonMounts, ...volumeMounts(container, input.volumes)],
    logFile: input.logFile(container.name),
    restart: restartOf(pod, role),
    probes: probesOf(container),
    ...(preStop === undefined ? {} : { preStop: withHookPort(container, preStop) }),
  };
}

/** Whatever image a user chose for the proxy, here it is the one Envoy that there is. */
function imageOf(catalogue: Catalogue, container: ContainerSpec): Image | undefined {
  const isProxy = container.name === sidecarNames.proxyContainer || container.name === sidecarNames.initContainer;
  return findImage(catalogue, container.image ?? "") ?? (isProxy ? findImage(catalogue, "pillion/proxy") : undefined);
}

function restartOf(pod: Pod, role: ContainerRole): ContainerPlan["restart"] {
  if (role === "sidecar") return "always";
  const policy = pod.spec.restartPolicy ?? "Always";
  if (policy === "Never") return "never";
  return role === "init" || policy === "OnFailure" ? "on-failure" : "always";
}

function capabilitiesOf(container: ContainerSpec): ContainerPlan["capabilities"] {
  const context = container.securityContext;
  if (context?.privileged === true) return "all";
  const plain = (name: string): string => name.toLowerCase().replace(/^cap_/, "");
  const dropped = new Set((context?.capabilities?.drop ?? []).map(plain));
  const kept = dropped.has("all") ? [] : defaultCapabilities.filter((name) => !dropped.has(name));
  const added = (context?.capabilities?.add ?? []).map(plain);
  return added.includes("all") ? "all" : [...new Set([...kept, ...added])];
}

function probesOf(container: ContainerSpec): ContainerPlan["probes"] {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  return {
    ...(startupProbe === undefined ? {} : { startup: withPort(container, startupProbe) }),
    ...(readinessProbe === undefined ? {} : { readiness: withPort(container, readinessProbe) }),
    ...(livenessProbe === undefined ? {} : { liveness: withPort(container, livenessProbe) }),
  };
}

/** Probes may name a container port; the node knows numbers only. */
function withPort(container: ContainerSpec, probe: ProbeSpec): ProbeSpec {
  const { httpGet, tcpSocket } = probe;
  if (httpGet) return { ...probe, httpGet: { ...httpGet, port: portNumber(container, httpGet.port) } };
  if (tcpSocket) return { ...probe, tcpSocket: { ...tcpSocket, port: portNumber(container, tcpSocket.port) } };
  return probe;
}

function withHookPort(container: ContainerSpec, hook: HookSpec): HookSpec {
  return hook.httpGet
    ? { ...hook, httpGet: { ...hook.httpGet, port: portNumber(container, hook.httpGet.port) } }
    : hook;
}

function portNumber(container: ContainerSpec, port: number | string): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? Number(port);
}

function unknownImage(pod: Pod, container: ContainerSpec): PillionError {
  return new PillionError("SANDBOX_IMAGE", {
    problem: `Container "${container.name}" of pod ${pod.metadata.namespace}/${pod.metadata.name} has image "${container.image ?? ""}", which the image catalogue does not know`,
    reason: "The sandbox runs programs of this machine, not images",
    fix: "Add the image to the catalogue (samples/images.yaml), or give the container a command",
  });
}
