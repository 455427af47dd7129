// A mesh on one machine: pods of a directory of YAML in network namespaces, injected by the real webhook.
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { errorText, PillionError } from "../base/error.ts";
import { openCa } from "../control-plane/state.ts";
import { admissionClient } from "./admission.ts";
import { Cluster } from "./cluster.ts";
import { addressedServices, type OutsideHosts } from "./cluster-names.ts";
import { serveControl } from "./control-socket.ts";
import { parseCatalogue } from "./images.ts";
import { assertMachine } from "./machine.ts";
import { watchManifests } from "./manifests.ts";
import { startNode } from "./node-client.ts";
import { nodePaths } from "./node-protocol.ts";
import { keyOf } from "./objects.ts";
import { listenOutside, serveTunnels } from "./relay.ts";
import { claimRunDirectory, releaseRunDirectory } from "./run-directory.ts";
import { Sandbox } from "./sandbox.ts";
import { backendsOf, targetPortIn } from "./services.ts";
import { Undo } from "./undo.ts";
import { validateObjects } from "./validation.ts";

/** Where something listens on the host. */
export interface HostPlace {
  readonly host: string;
  readonly port: number;
}

/** A way from the host to a Service of the sandbox. */
export interface Exposed {
  /** "namespace/name". */
  readonly service: string;
  /** The Service's port. */
  readonly port: number;
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly hostPort?: number;
}

export interface SandboxOptions {
  /** Folders of YAML: workloads, services, rules. */
  readonly directories: readonly string[];
  /** Sockets, logs and volumes; mode 0700, short path. */
  readonly runDirectory: string;
  /** Where pods are written with their status; the control plane reads it as one more directory. Made when it is missing. */
  readonly objectsDirectory: string;
  /** The control plane's: its CA verifies the webhook and signs tokens. */
  readonly stateDirectory: string;
  readonly webhook: HostPlace;
  /** Pods reach it as istiod.istio-system.svc:15012. */
  readonly xds: HostPlace;
  /** Text file, form of samples/images.yaml. */
  readonly imageCatalogue: string;
  /** The package: its dist/ is {dist} in the catalogue, and its node_modules serve the programs in it. */
  readonly appDirectory: string;
  readonly envoyBinary: string;
  readonly expose?: readonly Exposed[];
  readonly outsideHosts?: OutsideHosts;
  /** One line about something that a person should know. */
  log(line: string): void;
}

/** The port at which pods find the control plane. */
const discoveryPort = 15012;

/**
 * Start it: when this resolves, pods are on their way; {@link Sandbox.ready} waits for them. Ends when `signal` is aborted,
 * by {@link Sandbox.stop}, or with this process, however that ends; then nothing of it is left.
 * @throws {PillionError} NOT_LINUX, NOT_ROOT, MISSING_PROGRAM, MISSING_ENVOY, RUN_DIRECTORY, IMAGE_CATALOGUE, LISTEN, STATE,
 * SANDBOX_NODE: nothing was left behind.
 */
export async function startSandbox(options: SandboxOptions, signal: AbortSignal): Promise<Sandbox> {
  assertMachine({ envoyBinary: options.envoyBinary, platform: process.platform, user: process.getuid?.() });
  const catalogue = parseCatalogue(readCatalogue(options.imageCatalogue), {
    dist: join(nodePaths.app, "dist"),
    node: nodePaths.node,
    envoy: nodePaths.envoy,
  });
  const ca = openCa(options.stateDirectory, { trustDomain: "cluster.local", now: Date.now() });
  claimRunDirectory(options.runDirectory);
  const undo = new Undo();
  undo.add(() => releaseRunDirectory(options.runDirectory));
  try {
    prepareObjects(options.objectsDirectory, undo);
    const tunnels = await serveTunnels(join(options.runDirectory, "host.sock"), (name) =>
      name === "xds" ? options.xds : undefined,
    );
    undo.add(() => closeServer(tunnels));
    let cluster: Cluster | undefined;
    const node = await startNode(
      {
        runDirectory: options.runDirectory,
        appDirectory: options.appDirectory,
        nodeBinary: process.execPath,
        envoyBinary: options.envoyBinary,
        outward: [{ port: discoveryPort, target: "xds" }],
      },
      (report) => cluster?.onReport(report),
    );
    undo.add(() => node.stop());
    const admission = admissionClient(options);
    undo.add(() => admission.close());
    const watching = new AbortController();
    undo.add(() => watching.abort());
    const validate = validateObjects(admission, options.log);
    const onManifests = (): void => {
      cluster?.wake();
      void validate(manifests.objects());
    };
    const manifests = watchManifests(options.directories, onManifests, watching.signal);
    cluster = new Cluster({
      ...options,
      manifests,
      node,
      admission,
      ca,
      catalogue,
      outsideHosts: options.outsideHosts ?? {},
    });
    const running = cluster;
    undo.add(() => running.close());
    const exposed = new Map<string, string>();
    for (const one of options.expose ?? []) {
      const server = await listenOutside({
        listen: { host: "127.0.0.1", port: one.hostPort ?? 0 },
        socketPath: join(options.runDirectory, "node.sock"),
        target: () => pickTarget(one, running, manifests.objects()),
      });
      undo.add(() => closeServer(server));
      exposed.set(one.service, portOf(server));
    }
    const sandbox = new Sandbox({ ...options, cluster, node, catalogue, exposed, stop: () => undo.run() });
    const control = await serveControl(join(options.runDirectory, "control.sock"), sandbox);
    undo.add(() => closeServer(control));
    onManifests();
    // A stop by the signal has nobody who awaits it; what fails there is said.
    const onAbort = (): void => void sandbox.stop().catch((error: unknown) => options.log(errorText(error)));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    return sandbox;
  } catch (error) {
    await undo.run();
    throw error;
  }
}

function prepareObjects(folder: string, undo: Undo): void {
  const made = mkdirSync(folder, { recursive: true }) !== undefined;
  const clear = (): void => {
    for (const name of readdirSync(folder)) if (/^\.?pod_/.test(name)) rmSync(join(folder, name));
  };
  clear();
  undo.add(() => (made ? rmSync(folder, { recursive: true }) : clear()));
}

function readCatalogue(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new PillionError("IMAGE_CATALOGUE", {
      problem: `The image catalogue ${path} cannot be read`,
      fix: "Name a readable file of the form of samples/images.yaml",
      cause,
    });
  }
}

/** "10.77.0.4:8080": a pod of the Service that is ready, a different one from call to call. */
function pickTarget(
  exposed: Exposed,
  cluster: Cluster,
  objects: Parameters<typeof addressedServices>[0],
): string | undefined {
  const service = addressedServices(objects).find((one) => keyOf(one.service) === exposed.service)?.service;
  const port = service?.spec.ports?.find((one) => one.port === exposed.port);
  if (service === undefined || port === undefined) return undefined;
  const ready = backendsOf(service, cluster.backends());
  const chosen = ready[Math.floor(Math.random() * ready.length)];
  const number = chosen === undefined ? undefined : targetPortIn(chosen.pod, port);
  return chosen === undefined || number === undefined ? undefined : `${chosen.address}:${number}`;
}

function portOf(server: Server): string {
  const address = server.address();
  return typeof address === "object" && address !== null ? `127.0.0.1:${address.port}` : "";
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    // Connections that are open end with the node; only listening stops here.
    resolve();
  });
}
