import type { ServiceEntrySpec } from "../../api/service-entry.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { hostFault } from "../common/names.ts";
import { type Complaint, rule } from "../rule.ts";

/** Hosts, endpoints and selector fit the way in which endpoints are found. */
export const resolution = rule({
  code: "PIL1504",
  guardsEnvoy: true,
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "hosts and endpoints fit the resolution",
  *check({ metadata, spec }): Iterable<Complaint> {
    const path = jsonPath("spec");
    const way = spec.resolution ?? "NONE";
    const count = spec.endpoints?.length ?? 0;
    if (spec.workloadSelector !== undefined && count > 0) {
      yield {
        path: child(path, "workloadSelector"),
        problem: "endpoints and workloadSelector are both set",
        reason: "The servers are written down, or found by their labels",
        fix: "Keep one of them",
      };
    }
    if (way === "NONE" && count > 0) {
      yield {
        path: child(path, "endpoints"),
        problem: "there are endpoints, and the resolution is NONE",
        reason: "With NONE connections go to the address that the application chose",
        fix: "Write resolution: STATIC, or DNS for endpoints with names",
      };
    }
    if (way === "DNS_ROUND_ROBIN" && count > 1) {
      yield {
        path: child(path, "endpoints"),
        problem: `there are ${count} endpoints, and the resolution is DNS_ROUND_ROBIN`,
        reason: "It looks up one name",
        fix: "Keep one, or write resolution: DNS",
      };
    }
    if (way === "DNS_ROUND_ROBIN" && spec.workloadSelector !== undefined) {
      yield {
        path: child(path, "workloadSelector"),
        problem: "workloads are selected, and the resolution is DNS_ROUND_ROBIN",
        reason: "It looks up one name, and Envoy refuses a cluster of that sort with none or several",
        fix: "Write resolution: STATIC, or take workloadSelector away",
      };
    }
    if ((way === "DNS" || way === "DNS_ROUND_ROBIN") && count === 0) yield* wildcards(spec, way);
    if (way === "DYNAMIC_DNS") yield* dynamic(spec, path);
    const waypoint = metadata.labels["istio.io/use-waypoint"];
    if (way === "DYNAMIC_DNS" && spec.location === "MESH_INTERNAL" && waypoint !== undefined) {
      yield {
        path: child(path, "location"),
        problem: `the location is MESH_INTERNAL, the resolution is DYNAMIC_DNS, and the waypoint is "${waypoint}"`,
        reason: "A waypoint stands before known servers",
        fix: "Write location: MESH_EXTERNAL, or take the label away",
      };
    }
  },
});

/** Without endpoints the hosts themselves are looked up: they must be names. */
function* wildcards(spec: ServiceEntrySpec, way: string): Iterable<Complaint> {
  for (const [index, host] of spec.hosts.entries()) {
    if (
      !host.startsWith("*") ||
      spec.workloadSelector !== undefined ||
      hostFault(host, { wildcard: true }) !== undefined
    )
      continue;
    yield {
      path: jsonPath("spec", "hosts", index),
      problem: `host "${host}" has a wildcard, and the resolution is ${way}`,
      reason: "There is no name to look up",
      fix: "Add endpoints with names, or write resolution: NONE",
    };
  }
}

const dynamicProtocols = ["HTTP", "HTTPS", "TLS", "GRPC", "HTTP2"];

/** Names are looked up as requests name them: nothing about the servers is written down. */
function* dynamic(spec: ServiceEntrySpec, path: JsonPath): Iterable<Complaint> {
  const way = "the resolution is DYNAMIC_DNS";
  const reason = "Each request names the host that is looked up";
  for (const [index, host] of spec.hosts.entries()) {
    if (host.startsWith("*")) continue;
    yield {
      path: child(path, "hosts", index),
      problem: `host "${host}" has no wildcard, and ${way}`,
      reason,
      fix: "Write *.example.com, or resolution: DNS",
    };
  }
  for (const field of ["addresses", "endpoints"] as const) {
    if ((spec[field]?.length ?? 0) === 0) continue;
    yield { path: child(path, field), problem: `there are ${field}, and ${way}`, reason, fix: "Take them away" };
  }
  for (const [index, { protocol = "" }] of (spec.ports ?? []).entries()) {
    if (dynamicProtocols.includes(protocol.toUpperCase())) continue;
    yield {
      path: child(path, "ports", index, "protocol"),
      problem: `the protocol is "${protocol}", and ${way}`,
      reason: "Only HTTP and TLS name the host",
      fix: `Write one of ${dynamicProtocols.join(", ")}`,
    };
  }
}
