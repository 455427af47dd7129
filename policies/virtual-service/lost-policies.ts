// What DestinationRules say of the later destinations of a TCP or TLS rule: the connections of a rule are carried alike.
import type { ObjectOf } from "../../api/kinds.ts";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import type { RouteDestination } from "../../api/virtual-service.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { destinationRuleFor, trafficPolicyFor } from "../../model/destination-rules.ts";
import { completeHost } from "../../model/hosts.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { complaint } from "../complaint.ts";
import type { Complaint } from "../rule.ts";
import { isForMesh } from "./gateways.ts";
import { items } from "./walk.ts";

/** Complaints about destinations whose policy is another than that of the first one in their rule. */
export function* lostPolicies(object: ObjectOf<"VirtualService">, snapshot: Snapshot): Iterable<Complaint> {
  const { metadata, spec } = object;
  const isCluster = isForMesh(spec.gateways);
  // A gateway has a cluster for each destination; only how long connections last is the same for all.
  const partOf = (policy: TrafficPolicy) => (isCluster ? policy : lifetimes(policy));
  for (const list of ["tcp", "tls"] as const) {
    const rules = items<{ readonly route?: readonly RouteDestination[] }>(spec[list], jsonPath("spec", list));
    for (const { value, path } of rules) {
      const taking = items(value.route, child(path, "route")).filter((route) => route.value.weight !== 0);
      const [first, ...rest] = taking;
      if (first === undefined) continue;
      const policyOf = ({ destination }: RouteDestination) =>
        JSON.stringify(partOf(policyFor(destination, metadata.namespace, snapshot)));
      const followed = rest.length === 0 ? "" : policyOf(first.value);
      for (const route of rest) {
        if (policyOf(route.value) === followed) continue;
        yield complaint(
          child(route.path, "destination"),
          `what DestinationRules say of "${nameOf(route.value)}" has no effect in this version on this rule`,
          `All connections of the rule go by what is said of its first destination, "${nameOf(first.value)}"`,
          "Say the same of both",
        );
      }
    }
  }
}

function policyFor({ host, subset, port }: RouteDestination["destination"], namespace: string, snapshot: Snapshot) {
  const { services, mesh } = snapshot;
  const full = completeHost(host, namespace, mesh.clusterDomain, (name) => services.has(name));
  const found = destinationRuleFor(snapshot, { namespace, labels: {} }, full);
  return trafficPolicyFor(found, subset, port?.number ?? services.get(full)?.ports[0]?.number ?? 0);
}

function lifetimes({ connectionPool }: TrafficPolicy) {
  return [connectionPool?.tcp?.idleTimeout, connectionPool?.tcp?.maxConnectionDuration];
}

function nameOf({ destination: { host, subset } }: RouteDestination): string {
  return subset === undefined || subset === "" ? host : `${host} ${subset}`;
}
