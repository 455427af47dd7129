// Paths of sockets, and protocols of ports.
/** What is wrong with the path of a socket, `unix://` taken away; undefined when nothing is. */
export function socketFault(path: string): string | undefined {
  if (path === "") return "names no file";
  if (path.startsWith("@")) return undefined;
  return path.startsWith("/") && !path.endsWith("/") ? undefined : "is no absolute path to a file";
}

/** Protocols that a port may have. */
export const protocols: readonly string[] = [
  "HTTP",
  "HTTPS",
  "HTTP2",
  "GRPC",
  "GRPC-WEB",
  "TCP",
  "TLS",
  "MONGO",
  "REDIS",
  "MYSQL",
  "UDP",
  "HTTP_PROXY",
  "HBONE",
];
