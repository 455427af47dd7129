// The health check filter answers TCP and gRPC probes by gauges of the probe's cluster, so the injected bootstrap has to keep them.
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { probeCluster } from "../../envoy/names.ts";
import { bootstrap } from "../../injector/bootstrap.ts";
import { objectAt } from "../../injector/json.ts";
import { defaultSettings } from "../../injector/settings.ts";
import { freePort, type LiveEnvoy, startEnvoy } from "./live-envoy.ts";

let application: Server;
let applicationPort: number;
let envoy: LiveEnvoy | undefined;

beforeEach(async () => {
  applicationPort = await freePort();
  application = createServer((socket) => socket.on("error", () => socket.destroy()));
  await new Promise<void>((resolve) => application.listen(applicationPort, "127.0.0.1", resolve));
});
afterEach(async () => {
  await envoy?.stop();
  application.close();
});

const at = (port: number): object => ({ socket_address: { address: "127.0.0.1", port_value: port } });

/** A listener whose answer is the health of the cluster. */
function listener(port: number, cluster: string): object {
  const type = "type.googleapis.com/envoy.extensions.filters";
  const healthCheck = {
    "@type": `${type}.http.health_check.v3.HealthCheck`,
    pass_through_mode: false,
    headers: [{ name: ":path", string_match: { exact: "/probe" } }],
    cluster_min_healthy_percentages: { [cluster]: { value: 100 } },
  };
  const manager = {
    "@type": `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "probes",
    route_config: {},
    http_filters: [
      { name: "health", typed_config: healthCheck },
      { name: "router", typed_config: { "@type": `${type}.http.router.v3.Router` } },
    ],
  };
  return { name: "probes", address: at(port), filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }] };
}

test("bootstrap() keeps what the health check filter needs to say that an application is well", async () => {
  const [port, name] = [await freePort(), probeCluster(applicationPort, "tcp.1s")];
  const stats = objectAt(bootstrap(defaultSettings, defaultSettings.stats, "sidecar"), "stats_config");
  const cluster = {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: at(applicationPort) } }] }],
    },
    health_checks: [
      {
        ...{ timeout: "1s", interval: "0.1s", no_traffic_interval: "0.1s" },
        ...{ unhealthy_threshold: 1, healthy_threshold: 1, tcp_health_check: {} },
      },
    ],
  };
  envoy = await startEnvoy({
    bootstrap: { stats_config: stats, static_resources: { listeners: [listener(port, name)], clusters: [cluster] } },
  });
  const status = async (): Promise<number> =>
    fetch(`http://127.0.0.1:${port}/probe`).then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 10_000 }).toBe(200);
});
