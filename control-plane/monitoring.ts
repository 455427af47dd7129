// Plain HTTP for kubelet and Prometheus, which come without our certificates: health and metrics, no secrets.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { PillionError } from "../base/error.ts";
import type { ListenAddress } from "./config.ts";
import type { Health } from "./health.ts";

export interface Monitoring {
  readonly port: number;
  close(): Promise<void>;
}

/** Listen. @throws {PillionError} MONITORING_LISTEN: the address cannot be had. */
export async function startMonitoring(deps: {
  readonly listen: ListenAddress;
  readonly health: Health;
  /** More lines for /readyz that do not count. */
  readonly remarks: () => string;
  readonly metrics: Registry;
}): Promise<Monitoring> {
  const { host, port } = deps.listen;
  const pages: Readonly<Record<string, () => Promise<[status: number, type: string, text: string]>>> = {
    "/healthz": async () => [200, "text/plain", "ok\n"],
    "/readyz": async () => [deps.health.ready() ? 200 : 503, "text/plain", deps.health.text() + deps.remarks()],
    "/metrics": async () => [200, deps.metrics.contentType, await deps.metrics.metrics()],
  };
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    const found = page?.() ?? Promise.resolve<[number, string, string]>([404, "text/plain", "not here\n"]);
    const answer = ([status, type, text]: readonly [number, string, string]): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    found.then(answer, () => answer([500, "text/plain", "failed\n"]));
  });
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw new PillionError("MONITORING_LISTEN", {
      problem: `The port for monitoring, ${host}:${port}, cannot be opened`,
      fix: "End the program that has it, or choose another with --monitoring HOST:PORT",
      cause,
    });
  }
  const at = server.address() as AddressInfo; // a TCP server that listens has no other form of address
  return {
    port: at.port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}
