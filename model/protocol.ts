// Which protocol a port speaks, by appProtocol, by name, or not known ("sniffed" from the first bytes).
// @see https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/

export type Protocol = "http" | "http2" | "grpc" | "grpc-web" | "https" | "tls" | "tcp" | "udp" | "sniffed";

const byName: ReadonlyMap<string, Protocol> = new Map([
  ["http", "http"],
  ["http2", "http2"],
  ["grpc", "grpc"],
  ["grpc-web", "grpc-web"],
  ["https", "https"],
  ["tls", "tls"],
  ["tcp", "tcp"],
  ["udp", "udp"],
  ["mongo", "tcp"],
  ["mysql", "tcp"],
  ["redis", "tcp"],
]);

/** Kubernetes' own names for application protocols (KEP-3726). */
const byStandardName: ReadonlyMap<string, Protocol> = new Map([
  ["kubernetes.io/h2c", "http2"],
  ["kubernetes.io/ws", "http"],
  ["kubernetes.io/wss", "https"],
]);

/** Ports whose servers speak first, so that waiting for the client's first bytes would wait for ever. */
const serverFirstPorts: ReadonlySet<number> = new Set([25, 587, 3306]);

/** What a Service port or a container port speaks. `name` is `PROTOCOL` or `PROTOCOL-suffix`; `appProtocol` wins over it. */
export function protocolOf(port: {
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
  readonly protocol?: string | undefined;
  readonly number?: number | undefined;
}): Protocol {
  if (port.protocol === "UDP" || port.protocol === "SCTP") return "udp";
  if (port.appProtocol !== undefined) {
    const known = byStandardName.get(port.appProtocol) ?? byName.get(port.appProtocol.toLowerCase());
    return known ?? "sniffed";
  }
  const name = (port.name ?? "").toLowerCase();
  const exact =
    byName.get(name) ?? (name.startsWith("grpc-web") ? "grpc-web" : byName.get(name.split("-", 1)[0] ?? ""));
  if (exact !== undefined) return exact;
  return port.number !== undefined && serverFirstPorts.has(port.number) ? "tcp" : "sniffed";
}

/** How the proxy handles it: as requests, as bytes, or as what the first bytes turn out to be. */
export function layerOf(protocol: Protocol): "http" | "tcp" | "sniffed" | "none" {
  switch (protocol) {
    case "http":
    case "http2":
    case "grpc":
    case "grpc-web":
      return "http";
    case "https":
    case "tls":
    case "tcp":
      return "tcp";
    case "sniffed":
      return "sniffed";
    case "udp":
      return "none";
  }
}
