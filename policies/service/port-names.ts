// Names of a Service's ports, whose beginning tells the proxies what is spoken there.
import { child, jsonPath } from "../../base/json-path.ts";
import { protocolOf } from "../../model/protocol.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Label of Services that a control plane makes for a gateway, whose names nobody chose. */
const managedLabel = "gateway.istio.io/managed";

const protocolFix = "Begin its name with the protocol, such as http-web or tcp-db, or write appProtocol";

/** Ports say what is spoken; where they do not, the first bytes are looked at. */
export const portNames = rule({
  code: "PIL1951",
  alias: "IST0118",
  kinds: ["Service"],
  enforcement: "status",
  summary: "ports of Services say their protocol",
  *check({ metadata, spec }): Iterable<Complaint> {
    if (spec.type === "ExternalName" || metadata.labels[managedLabel] !== undefined) return;
    for (const { value, path } of items(spec.ports, jsonPath("spec", "ports"))) {
      const { name = "", port, protocol, appProtocol } = value;
      if (protocolOf({ name, number: port, protocol, appProtocol }) !== "sniffed") continue;
      yield complaint(
        name === "" ? path : child(path, "name"),
        name === "" ? `port ${port} has no name` : `the name "${name}" does not begin with a protocol`,
        "The proxy waits for the first bytes to tell HTTP from the rest, and servers that speak first are kept waiting",
        protocolFix,
      );
    }
  },
});

/** An ExternalName without a protocol takes every connection of its port. */
export const externalNames = rule({
  code: "PIL1952",
  alias: "IST0150",
  kinds: ["Service"],
  enforcement: "warn",
  summary: "ports of an ExternalName Service say that they are HTTP or TLS",
  *check({ spec }): Iterable<Complaint> {
    if (spec.type !== "ExternalName") return;
    for (const { value, path } of items(spec.ports, jsonPath("spec", "ports"))) {
      const { name = "", port, protocol, appProtocol } = value;
      const spoken = protocolOf({ name, number: port, protocol, appProtocol });
      if (spoken !== "sniffed" && name !== "tcp") continue;
      yield complaint(
        name === "" ? path : child(path, "name"),
        name === "" ? `port ${port} has no name` : `the name "${name}" does not say which host is meant`,
        `An ExternalName has no address of its own: a connection to port ${port} of any other host could be taken for it`,
        "Begin its name with http, https or tls",
      );
    }
  },
});
