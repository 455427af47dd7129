// What can be counted about the streams to proxies.
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";

export interface XdsMetrics {
  /** A response; an answer may hold no resource at all. */
  pushed(type: TypeUrl, response: { readonly sent: number; readonly removed: number; readonly bytes: number }): void;
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
  const counter = (name: string, help: string): Counter<"type"> => new Counter({ name, help, labelNames, registers });
  const pushes = counter("pillion_xds_pushes_total", "Responses sent");
  const sent = counter("pillion_xds_resources_sent_total", "Resources sent");
  const removed = counter("pillion_xds_resources_removed_total", "Resources taken away");
  const bytes = counter("pillion_xds_bytes_total", "Bytes of responses");
  const nacks = counter("pillion_xds_nacks_total", "Responses refused");
  const proxies = new Gauge({ name: "pillion_xds_proxies", help: "Proxies that are connected", registers });
  const convergence = new Histogram({
    name: "pillion_xds_convergence_seconds",
    help: "From a change of the mesh until a proxy acknowledged what it means",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  return {
    pushed: (type, response) => {
      const labels = { type: typeNames[type] };
      pushes.inc(labels);
      sent.inc(labels, response.sent);
      removed.inc(labels, response.removed);
      bytes.inc(labels, response.bytes);
    },
    refused: (type) => nacks.inc({ type: typeNames[type] }),
    connected: (change) => proxies.inc(change),
    converged: (ms) => convergence.observe(ms / 1_000),
  };
}
