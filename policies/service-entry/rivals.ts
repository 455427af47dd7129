// Several ServiceEntries for one host or address.
import { refOf } from "../../api/object.ts";
import type { ServiceEntry } from "../../api/service-entry.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { isCidr, isInPrefix } from "../../model/authority.ts";
import { layerOf, protocolOf } from "../../model/protocol.ts";
import type { MeshService } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** One host has one protocol on a port. */
export const rivalProtocols = rule({
  code: "PIL3014",
  alias: "IST0177",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "ServiceEntries for one host agree about protocols",
  *check(object, { world }): Iterable<Complaint> {
    const others = [...world.objects.ServiceEntry.values()].filter(
      (stored) =>
        !sameRef(refOf(stored), refOf(object)) && stored.spec.hosts.some((host) => object.spec.hosts.includes(host)),
    );
    for (const { value, path } of items(object.spec.ports, jsonPath("spec", "ports"))) {
      for (const other of others) {
        const same = other.spec.ports?.find((port) => port.number === value.number);
        if (same === undefined || (same.protocol ?? "").toUpperCase() === (value.protocol ?? "").toUpperCase())
          continue;
        yield {
          path: child(path, "protocol"),
          problem: `port ${value.number} speaks "${value.protocol ?? ""}" here and "${same.protocol ?? ""}" in ${refText(refOf(other))}, for the same host`,
          reason: "Proxies take the older object's word for it",
          fix: "Write the same protocol in both",
          others: [refOf(other)],
        };
      }
    }
  },
});

/** An address leads to one host. */
export const rivalAddresses = rule({
  code: "PIL3015",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "an address belongs to one host",
  *check(object, { snapshot }): Iterable<Complaint> {
    for (const { value, path } of items(object.spec.addresses, jsonPath("spec", "addresses"))) {
      const isForeign = (owner: MeshService) =>
        !sameRef(owner.origin, refOf(object)) && !object.spec.hosts.includes(owner.hostname);
      const owner = snapshot.servicesByAddress.get(value);
      if (owner !== undefined && isForeign(owner)) {
        yield {
          path,
          problem: `the address ${value} belongs to ${refText(owner.origin)} already`,
          reason: "A TCP connection to it is for one of the two, the older",
          fix: "Choose an address that nobody has",
          others: [owner.origin],
        };
        continue;
      }
      const inside = insideOf(value, object, snapshot, isForeign);
      if (inside === undefined) continue;
      yield {
        path,
        problem: `the network ${value} holds ${inside.address}, which belongs to ${refText(inside.owner.origin)}`,
        reason: `Connections to port ${inside.port} there are taken for this object's hosts`,
        fix: "Write a network that has no address of a service",
        others: [inside.owner.origin],
      };
    }
  },
});

/** A service with an address in a network and one of the TCP ports. Ranges of the mesh that are narrower go before it. */
function insideOf(
  network: string,
  { spec }: ServiceEntry,
  snapshot: Snapshot,
  isForeign: (owner: MeshService) => boolean,
) {
  if (!isCidr(network)) return undefined;
  const tcp = (spec.ports ?? []).filter(
    ({ protocol }) => layerOf(protocolOf({ appProtocol: protocol ?? "" })) === "tcp",
  );
  const length = Number(network.split("/")[1]);
  const isBehind = (prefix: string, address: string) =>
    Number(prefix.split("/")[1]) >= length && isInPrefix(address, prefix);
  for (const [address, owner] of tcp.length === 0 ? [] : snapshot.servicesByAddress) {
    if (!isForeign(owner) || !isInPrefix(address, network)) continue;
    const same = tcp.find(({ number }) => owner.ports.some((port) => port.number === number));
    if (same === undefined || snapshot.mesh.servicePrefixes.some((prefix) => isBehind(prefix, address))) continue;
    return { address, owner, port: same.number };
  }
  return undefined;
}
