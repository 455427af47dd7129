// Servers of a Gateway, each by itself.
import { child, jsonPath } from "../../base/json-path.ts";
import { isIpAddress } from "../../model/authority.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

const tlsProtocols = ["HTTPS", "TLS"];
const protocols = [
  "HTTP",
  "HTTPS",
  "HTTP2",
  "GRPC",
  "GRPC-WEB",
  "MONGO",
  "REDIS",
  "MYSQL",
  "TCP",
  "TLS",
  "HTTP_PROXY",
  "UDP",
];

/** A Gateway has servers, and a server has hosts. */
export const servers = rule({
  code: "PIL1401",
  guardsEnvoy: true,
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "a Gateway has servers with hosts",
  *check({ spec }): Iterable<Complaint> {
    if ((spec.servers?.length ?? 0) === 0) {
      yield {
        path: jsonPath("spec", "servers"),
        problem: "there are no servers",
        reason: "The Gateway would do nothing",
        fix: "Add a server with port and hosts",
      };
    }
    for (const { value, path } of items(spec.servers, jsonPath("spec", "servers"))) {
      if (value.hosts.length === 0) {
        yield {
          path: child(path, "hosts"),
          problem: "there are no hosts",
          reason: "No request could be for the server",
          fix: 'Name hosts, or "*" for all',
        };
      }
      for (const { value: host, path: place } of items(value.hosts, child(path, "hosts"))) {
        const namespace = host.includes("/") ? host.slice(0, host.indexOf("/")) : "*";
        if (namespace === "*" || namespace === "." || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace)) continue;
        yield {
          path: place,
          problem: `"${namespace}" is no name of a namespace`,
          reason: "No VirtualService could be bound",
          fix: "Write namespace/host, ./host or host",
        };
      }
    }
  },
});

/** The port of a server has a name of its own and a protocol that proxies speak. */
export const serverPorts = rule({
  code: "PIL1402",
  guardsEnvoy: true,
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "ports of servers have different names and known protocols",
  *check({ spec }): Iterable<Complaint> {
    const names = new Set<string>();
    for (const { value, path: server } of items(spec.servers, jsonPath("spec", "servers"))) {
      const { name, protocol, number, targetPort } = value.port;
      const path = child(server, "port");
      if (name === "")
        yield {
          path: child(path, "name"),
          problem: "the port has no name",
          reason: "Listeners and routes are named for it",
          fix: "Name it, such as http",
        };
      else if (names.has(name))
        yield {
          path: child(path, "name"),
          problem: `the name "${name}" is there twice`,
          reason: "Routes of the two would be mixed up",
          fix: `Rename one, such as ${name}-2`,
        };
      names.add(name);
      if (!protocols.includes(protocol.toUpperCase())) {
        yield {
          path: child(path, "protocol"),
          problem: `the protocol is "${protocol}"`,
          reason: "Proxies do not speak it",
          fix: `Write one of ${protocols.slice(0, 10).join(", ")}`,
        };
      }
      if (targetPort !== undefined && targetPort !== 0) {
        yield {
          path: child(path, "targetPort"),
          problem: "targetPort is set",
          reason: "It has no effect here: the Service of the gateway tells where the proxy listens",
          fix: "Take it away",
        };
      }
      const { bind = "" } = value;
      if (bind.startsWith("unix://")) {
        if (number !== 0)
          yield {
            path: child(path, "number"),
            problem: `the port is ${number}, and the server binds to a socket`,
            reason: "A socket has no port",
            fix: "Write 0",
          };
      } else if (bind !== "" && !isIpAddress(bind)) {
        yield {
          path: child(server, "bind"),
          problem: `"${bind}" is no IP address`,
          reason: "The proxy cannot listen there",
          fix: "Write an address of the pod, or take bind away",
        };
      }
    }
  },
});

/** TLS settings stand where the protocol is TLS, and only there. */
export const tlsProtocol = rule({
  code: "PIL1403",
  guardsEnvoy: true,
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "servers have TLS settings exactly where their protocol is HTTPS or TLS",
  *check({ spec }): Iterable<Complaint> {
    for (const { value, path } of items(spec.servers, jsonPath("spec", "servers"))) {
      const { tls, port } = value;
      const isTls = tlsProtocols.includes(port.protocol.toUpperCase());
      if (isTls && tls === undefined) {
        yield {
          path,
          problem: `the protocol is ${port.protocol}, and tls is missing`,
          reason: "The proxy would have no certificate",
          fix: "Add tls with mode and credentialName",
        };
      } else if (
        !isTls &&
        tls !== undefined &&
        (tls.mode !== undefined || tls.httpsRedirect !== true) &&
        !isMutualTcp(value)
      ) {
        yield {
          path: child(path, "tls"),
          problem: `tls is set, and the protocol is ${port.protocol}`,
          reason: "Connections of that protocol are not encrypted",
          fix: "Write protocol: HTTPS or TLS, or take tls away",
        };
      }
    }
  },
});

/** Plain protocols may be carried over the mesh's own TLS. */
function isMutualTcp({
  tls,
  port,
}: {
  readonly tls?: { readonly mode?: string };
  readonly port: { readonly protocol: string };
}): boolean {
  return (
    tls?.mode === "ISTIO_MUTUAL" &&
    !port.protocol.toUpperCase().startsWith("HTTP") &&
    !port.protocol.toUpperCase().startsWith("GRPC")
  );
}
