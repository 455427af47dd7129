// What one ServiceEntry cannot say about several hosts, and about a socket.
import { child, jsonPath } from "../../base/json-path.ts";
import { layerOf, protocolOf } from "../../model/protocol.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Requests name their host and TLS handshakes do; bytes do not. */
export const severalHosts = rule({
  code: "PIL1507",
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "several hosts of one ServiceEntry have ports whose protocol names the host",
  *check({ spec }): Iterable<Complaint> {
    const { hosts, resolution = "NONE" } = spec;
    if (hosts.length < 2 || resolution === "NONE") return;
    for (const { value, path } of items(spec.ports, jsonPath("spec", "ports"))) {
      const spoken = protocolOf({ appProtocol: value.protocol ?? "" });
      if (layerOf(spoken) === "http" || spoken === "https" || spoken === "tls") continue;
      yield complaint(
        child(path, "protocol"),
        `there are ${hosts.length} hosts, and port ${value.number} speaks "${value.protocol ?? ""}"`,
        "A connection to that port does not say which of the hosts is meant",
        "Write a ServiceEntry for each host, or a protocol that names its host, such as HTTP or TLS",
      );
      return;
    }
  },
});

/** A socket is one port. */
export const socketPorts = rule({
  code: "PIL1508",
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "a ServiceEntry with sockets has one port",
  *check({ spec }): Iterable<Complaint> {
    const count = spec.ports?.length ?? 0;
    if (count === 1) return;
    for (const { value, path } of items(spec.endpoints, jsonPath("spec", "endpoints"))) {
      if (!(value.address ?? "").startsWith("unix://")) continue;
      yield complaint(
        child(path, "address"),
        `the endpoint is a socket, and there are ${count} ports`,
        "A socket has no ports, so that it stands for one of them",
        "Write one port, and a ServiceEntry for each of the others",
      );
    }
  },
});
