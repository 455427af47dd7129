// The compiled control plane beside a real API server, as a process of its own.
import { existsSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { crdFor } from "../../api/crd.ts";
import { descriptions, kinds } from "../../api/kinds.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from "../../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { typeUrls } from "../../envoy/resource.ts";
import type { ApiServer } from "./api-server.ts";
import { Daemon, freePort, run } from "./programs.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Ports of a control plane on this machine. */
export interface Ports {
  readonly webhook: number;
  readonly xds: number;
  readonly monitoring: number;
}

/** Ports that were free a moment ago. */
export async function freePorts(): Promise<Ports> {
  return { webhook: await freePort(), xds: await freePort(), monitoring: await freePort() };
}

/** A control plane that runs until it is ended. */
export class ControlPlane {
  readonly ports: Ports;
  readonly #daemon: Daemon;

  /** `flags` come after those that every control plane here has, and win. */
  constructor(kubeconfig: string, ports: Ports, flags: readonly string[] = []) {
    if (!existsSync(program)) throw new Error(`There is no ${program}. Run npm run build.`);
    this.ports = ports;
    const args = [
      "control-plane",
      `--kubeconfig=${kubeconfig}`,
      `--webhook=127.0.0.1:${ports.webhook}`,
      `--webhook-url=https://127.0.0.1:${ports.webhook}`,
      `--xds=127.0.0.1:${ports.xds}`,
      `--monitoring=127.0.0.1:${ports.monitoring}`,
      ...flags,
    ];
    this.#daemon = new Daemon(process.execPath, [program, ...args], join(program, ".."));
  }

  get isRunning(): boolean {
    return this.#daemon.isRunning;
  }

  /** What it has logged. */
  log(): string {
    return this.#daemon.output();
  }

  /** A page of its monitoring port; "" while nobody listens. */
  async page(path: string): Promise<string> {
    try {
      return await (await fetch(`http://127.0.0.1:${this.ports.monitoring}${path}`)).text();
    } catch {
      return ""; // Not yet, or not any more.
    }
  }

  async isReady(): Promise<boolean> {
    const page = await this.page("/readyz");
    return page !== "" && !page.includes("[-]");
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await this.#daemon.end(signal);
  }
}

/** Run `pillion` to its end. */
export function pillion(cluster: ApiServer, ...args: readonly string[]) {
  return run(process.execPath, [program, ...args], { env: { KUBECONFIG: cluster.kubeconfigFile } });
}

/** The CRDs of all kinds that the mesh reads, and the namespace of the control plane. */
export async function prepare(cluster: ApiServer): Promise<void> {
  const crds = kinds.map((kind) => descriptions[kind]).filter(({ meshKind }) => meshKind);
  const list = { apiVersion: "v1", kind: "List", items: crds.map((description) => crdFor(description)) };
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
  for (const object of [list, namespace]) {
    const { code, stderr } = await cluster.kubectl(["apply", "-f", "-"], JSON.stringify(object));
    if (code !== 0) throw new Error(stderr);
  }
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
}

/** Whether who trusts this root trusts the certificate on that port. */
export function isTrusted(rootPem: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: "127.0.0.1", port, path: "/healthz", ca: rootPem, agent: false }, (response) => {
      response.resume();
      resolve(true);
    });
    asked.on("error", () => resolve(false));
    asked.end();
  });
}

/** A proxy that asks for clusters: "served", or how it was turned away. */
export function askAsProxy(
  port: number,
  { rootPem, token, nodeId }: { readonly rootPem: string; readonly token: string; readonly nodeId: string },
): Promise<string> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(Buffer.from(rootPem)));
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const call = client.makeBidiStreamRequest(
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    (message: MessageInitShape<typeof DeltaDiscoveryRequestSchema>) =>
      Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, message))),
    (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    metadata,
  );
  return new Promise<string>((resolve) => {
    call.on("data", () => resolve("served"));
    call.on("error", () => undefined);
    call.on("status", ({ code, details }) => resolve(`${status[code]}: ${details}`));
    call.write({ typeUrl: typeUrls.cluster, node: { id: nodeId } });
  }).finally(() => client.close());
}
