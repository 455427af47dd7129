// What a VirtualService names and is not there (yet: people apply directories in any order).

import type { Destination } from "../../api/http-route.ts";
import { nearest, oneOf } from "../../api/nearest.ts";
import type { VirtualService } from "../../api/virtual-service.ts";
import { child, type JsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { destinationRuleFor } from "../../model/destination-rules.ts";
import { completeHost, visibleService } from "../../model/hosts.ts";
import type { Hostname, MeshService } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { destinationsOf } from "../virtual-service/walk.ts";

/** Hosts for which a similar one is looked for among all services, which may be thousands. */
const mostGuesses = 50;

/** A destination is a host that the mesh knows. */
export const unknownHost = rule({
  code: "PIL2101",
  alias: "IST0101",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "destinations are known hosts",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { namespace } = object.metadata;
    let guesses = 0;
    for (const { value, path } of destinationsOf(object)) {
      if (value.host === "" || value.host.startsWith("outbound_.")) continue;
      const full = fullName(snapshot, value, namespace);
      if (visibleService(snapshot, full, namespace) !== undefined) {
        yield* unseenElsewhere(object, full, child(path, "host"), snapshot);
        continue;
      }
      const hidden = snapshot.services.get(full);
      if (hidden !== undefined) {
        yield unseen(hidden, value.host, namespace, child(path, "host"));
        continue;
      }
      guesses += 1;
      const near = guesses > mostGuesses ? undefined : nearestHost(snapshot, value.host, namespace);
      yield {
        path: child(path, "host"),
        problem: `no service is known by the host "${value.host}" in namespace "${namespace}"`,
        reason: "Envoy would answer 503 for this route",
        fix:
          near === undefined
            ? "Create the Service, or a ServiceEntry for the host"
            : `Write "${near}", or create the Service`,
      };
    }
  },
});

/** A host that there is, and that is not exported to the rule's namespace. */
function unseen({ origin }: MeshService, host: string, namespace: string, path: JsonPath): Complaint {
  const owner = refText(origin);
  return {
    path,
    problem: `namespace "${namespace}" does not see ${owner}, which is "${host}"`,
    reason: "Envoy would answer 503 for this route",
    fix: `Add "${namespace}" to exportTo of ${owner}`,
    others: [origin],
  };
}

/** Callers of the namespaces that the rule is exported to have to see the service, too. */
function* unseenElsewhere(
  { spec, metadata }: VirtualService,
  host: Hostname,
  path: JsonPath,
  snapshot: Snapshot,
): Iterable<Complaint> {
  const service = snapshot.services.get(host);
  for (const namespace of spec.exportTo ?? []) {
    if (service === undefined || ["*", ".", "~", metadata.namespace].includes(namespace)) continue;
    if (visibleService(snapshot, host, namespace) === undefined) yield unseen(service, host, namespace, path);
  }
}

/** A subset is one that a DestinationRule for the host defines. */
export const unknownSubset = rule({
  code: "PIL2103",
  alias: "IST0101",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "destinations name subsets that a DestinationRule defines",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { namespace } = object.metadata;
    for (const { value, path } of destinationsOf(object)) {
      const { subset } = value;
      if (subset === undefined || subset === "") continue;
      const found = destinationRuleFor(snapshot, { namespace, labels: {} }, fullName(snapshot, value, namespace));
      if (found?.subsets.has(subset) === true) continue;
      const defined = [...(found?.subsets.keys() ?? [])];
      const [owner] = found?.origins ?? [];
      const where = owner === undefined ? "by any DestinationRule for" : `by ${refText(owner)} for`;
      const known = defined.length === 0 ? "" : `, or use ${defined.length === 1 ? "" : "one of "}${oneOf(defined)}`;
      yield {
        path: child(path, "subset"),
        problem: `subset "${subset}" is not defined ${where} host "${value.host}"`,
        reason: "Envoy would answer 503 for this route",
        fix:
          owner === undefined
            ? `Create a DestinationRule for "${value.host}" with the subset "${subset}"`
            : `Add subset "${subset}" there${known}`,
        others: found?.origins ?? [],
      };
    }
  },
});

function fullName(snapshot: Snapshot, { host }: Destination, namespace: string): Hostname {
  return completeHost(host, namespace, snapshot.mesh.clusterDomain, (name) => snapshot.services.has(name));
}

/** The host that was probably meant, as short as it was written. */
function nearestHost(snapshot: Snapshot, host: string, namespace: string): string | undefined {
  const services = [...snapshot.services.values()].filter(({ hostname }) => !hostname.startsWith("*"));
  if (host.includes(".")) {
    return nearest(
      host,
      services.map(({ hostname }) => hostname),
    );
  }
  const own = services.filter((service) => service.namespace === namespace && service.origin.kind === "Service");
  const elsewhere = services.find((service) => service.name === host);
  return (
    elsewhere?.hostname ??
    nearest(
      host,
      own.map(({ name }) => name),
    )
  );
}
