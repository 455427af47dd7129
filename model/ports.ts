// Port numbers that a sidecar needs a listener for, and what may be spoken there.
import { layerOf } from "./protocol.ts";
import type { MeshService } from "./service.ts";
import type { OutboundPort, Snapshot } from "./snapshot.ts";

/**
 * Every port number that some service has which `namespace` sees, sorted, with the layers that occur on it.
 * The same array as long as nothing in it changed.
 */
export function outboundPorts(
  snapshot: Pick<Snapshot, "publicPorts" | "portsByNamespace">,
  namespace: string,
): readonly OutboundPort[] {
  return snapshot.portsByNamespace.get(namespace) ?? snapshot.publicPorts;
}

/** The ports of some services. */
export function portsOf(services: Iterable<MeshService>): readonly OutboundPort[] {
  const layers = new Map<number, Set<"http" | "tcp" | "sniffed">>();
  for (const { ports } of services) {
    for (const { number, protocol } of ports) {
      const layer = layerOf(protocol);
      if (layer === "none") continue;
      const known = layers.get(number);
      if (known === undefined) layers.set(number, new Set([layer]));
      else known.add(layer);
    }
  }
  return [...layers].map(([number, set]) => ({ number, layers: set })).toSorted((a, b) => a.number - b.number);
}
