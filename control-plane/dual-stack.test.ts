import { existsSync } from "node:fs";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { createHealth } from "./health.ts";
import { startMonitoring } from "./monitoring.ts";

test.runIf(existsSync("/proc/net/if_inet6"))(
  "startMonitoring() answers on IPv6 and IPv4 when it listens on *",
  async () => {
    const config = parseConfig(["--in-cluster", "--monitoring", "*:0"]);
    if (config.source !== "kubernetes") throw new Error("it is one");
    const monitoring = await startMonitoring({
      listen: config.monitoring,
      health: createHealth([]),
      remarks: () => "",
      metrics: new Registry(),
      syncz: () => undefined,
    });
    const pages = ["127.0.0.1", "[::1]"].map((host) => fetch(`http://${host}:${monitoring.port}/healthz`));
    expect((await Promise.all(pages)).map(({ status }) => status)).toEqual([200, 200]);
    await monitoring.close();
  },
);
