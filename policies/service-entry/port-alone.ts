// TCP ports of ServiceEntries without addresses: connections are known by the port number alone.

import { refOf } from "../../api/object.ts";
import type { ServiceEntry } from "../../api/service-entry.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { isVisible } from "../../model/hosts.ts";
import { outboundPorts } from "../../model/ports.ts";
import { layerOf, protocolOf } from "../../model/protocol.ts";
import type { MeshService } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** One host takes all other connections of a port, and none that speak HTTP where HTTP is spoken. */
export const portAlone = rule({
  code: "PIL3021",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "a TCP port without addresses is for one host, and nobody speaks HTTP on it",
  *check(object, { snapshot }): Iterable<Complaint> {
    if ((object.spec.addresses?.length ?? 0) > 0) return;
    const { namespace } = object.metadata;
    // What goes on to wherever the application wanted needs not be told apart from its like.
    const passesOn = ["NONE", "DYNAMIC_DNS"].includes(object.spec.resolution ?? "NONE");
    for (const { value, path } of items(object.spec.ports, jsonPath("spec", "ports"))) {
      if (protocolOf({ appProtocol: value.protocol ?? "" }) !== "tcp") continue;
      const fix = "Write spec.addresses, or another port";
      const rival = (servicesByPort(snapshot.services).get(value.number) ?? []).find(
        (service) =>
          !sameRef(service.origin, refOf(object)) &&
          isVisible(service.exportTo, service.namespace, namespace) &&
          !(passesOn && service.resolution === "none") &&
          !object.spec.hosts.includes(service.hostname),
      );
      if (rival !== undefined) {
        yield {
          path: child(path, "number"),
          problem: `${refText(rival.origin)} has TCP port ${value.number} without addresses, too`,
          reason: "Connections do not say which host is meant: all of them go to the older of the two",
          fix,
          others: [rival.origin],
        };
      }
      const http = passesOn ? undefined : httpOn(snapshot, object, value.number);
      if (http === undefined) continue;
      yield {
        path: child(path, "number"),
        problem: `port ${value.number} carries TCP here, and HTTP for ${http.hostname}`,
        reason:
          "Without addresses the first bytes decide: what begins like HTTP is routed by its Host, and not to this one",
        fix,
        others: [http.origin],
      };
    }
  },
});

/** Hosts of ServiceEntries whose connections are known by a port number alone. */
const servicesByPort = memoize((services: Snapshot["services"]): ReadonlyMap<number, readonly MeshService[]> => {
  const found = new Map<number, MeshService[]>();
  for (const service of services.values()) {
    if (service.origin.kind !== "ServiceEntry" || service.addresses.length > 0) continue;
    for (const { number, protocol } of service.ports) {
      if (protocol === "tcp") found.set(number, [...(found.get(number) ?? []), service]);
    }
  }
  return found;
});

/** A service that speaks HTTP on a port number, as seen from the object's namespace. */
function httpOn(
  snapshot: Snapshot,
  { metadata: { namespace } }: ServiceEntry,
  number: number,
): MeshService | undefined {
  const layers = outboundPorts(snapshot, namespace).find((port) => port.number === number)?.layers;
  if (layers?.has("http") !== true) return undefined;
  return [...snapshot.services.values()].find(
    ({ ports, exportTo, namespace: owner }) =>
      isVisible(exportTo, owner, namespace) &&
      ports.some((port) => port.number === number && layerOf(port.protocol) === "http"),
  );
}
