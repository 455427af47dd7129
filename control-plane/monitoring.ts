// Plain HTTP for kubelet, Prometheus and `pillion proxy-status`, which come without our certificates: health, metrics, and how
// proxies fare. Whoever reaches the port may read it, so nothing here is configuration or a secret.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { PillionError } from "../base/error.ts";
import type { ListenAddress } from "./config.ts";
import type { Health } from "./health.ts";
import type { Syncz } from "./syncz.ts";

type Page = readonly [status: number, type: string, text: string];

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
  /** How proxies fare, or this one ("POD.NAMESPACE") in detail; undefined while nobody serves them. */
  readonly syncz: (proxy: string | undefined) => Syncz | undefined;
}): Promise<Monitoring> {
  const { host, port } = deps.listen;
  const pages: Readonly<Record<string, (query: URLSearchParams) => Promise<Page>>> = {
    "/healthz": async () => [200, "text/plain", "ok\n"],
    "/readyz": async () => [deps.health.ready() ? 200 : 503, "text/plain", deps.health.text() + deps.remarks()],
    "/metrics": async () => [200, deps.metrics.contentType, await deps.metrics.metrics()],
    // Istio's path.
    "/debug/syncz": async (query) => {
      const found = deps.syncz(query.get("proxy") ?? undefined);
      if (found === undefined) return [503, "text/plain", "not yet\n"];
      return [200, "application/json", `${JSON.stringify(found)}\n`];
    },
  };
  const server = createServer((request, response) => {
    const [path = "", query = ""] = request.url?.split("?", 2) ?? [];
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    const found = page?.(new URLSearchParams(query)) ?? Promise.resolve<Page>([404, "text/plain", "not here\n"]);
    const answer = ([status, type, text]: Page): void => {
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
