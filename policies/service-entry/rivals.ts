// Several ServiceEntries for one host or address.
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
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
      const owner = snapshot.servicesByAddress.get(value);
      if (owner === undefined || sameRef(owner.origin, refOf(object))) continue;
      if (object.spec.hosts.some((host) => host === owner.hostname)) continue;
      yield {
        path,
        problem: `the address ${value} belongs to ${refText(owner.origin)} already`,
        reason: "A TCP connection to it is for one of the two, the older",
        fix: "Choose an address that nobody has",
        others: [owner.origin],
      };
    }
  },
});
