// What can be counted about the streams to proxies.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";

export interface XdsMetrics {
  /** `resources`: sent or taken away; an answer may hold none. */
  pushed(type: TypeUrl, resources: number, bytes: number): void;
  refused(type: TypeUrl): void;
  connected(change: 1 | -1): void;
  /** From a publication to the moment when a proxy that it concerns had acknowledged all of it. */
  converged(ms: number): void;
}

/** Words for type URLs, as in `/config_dump` and in people's mouths. */
export const typeNames: Readonly<Record<TypeUrl, string>> = {
  [typeUrls.listener]: "listener",
  [typeUrls.route]: "route",
  [typeUrls.virtualHost]: "virtual_host",
  [typeUrls.cluster]: "cluster",
  [typeUrls.endpoints]: "endpoints",
  [typeUrls.secret]: "secret",
};

/** Metrics in this registry. Call it once per registry. */
export function newXdsMetrics(registry: Registry): XdsMetrics {
  const registers = [registry];
  const labelNames = ["type"] as const;
  const pushes = new Counter({ name: "pillion_xds_pushes_total", help: "Responses sent", labelNames, registers });
  const resources = new Counter({
    name: "pillion_xds_resources_total",
    help: "Resources sent or taken away",
    labelNames,
    registers,
  });
  const bytes = new Counter({ name: "pillion_xds_bytes_total", help: "Bytes of responses", labelNames, registers });
  const nacks = new Counter({ name: "pillion_xds_nacks_total", help: "Responses refused", labelNames, registers });
  const proxies = new Gauge({ name: "pillion_xds_proxies", help: "Proxies that are connected", registers });
  const convergence = new Histogram({
    name: "pillion_xds_convergence_seconds",
    help: "From a change of the mesh until a proxy acknowledged what it means",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    pushed: (type, count, size) => {
      pushes.inc({ type: typeNames[type] });
      resources.inc({ type: typeNames[type] }, count);
      bytes.inc({ type: typeNames[type] }, size);
    },
    refused: (type) => nacks.inc({ type: typeNames[type] }),
    connected: (change) => proxies.inc(change),
    converged: (ms) => convergence.observe(ms / 1_000),
  };
}
