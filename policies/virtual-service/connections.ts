// Rules for TCP and TLS.
import { child, jsonPath } from "../../base/json-path.ts";
import { matchesHost } from "../../model/host-patterns.ts";
import { addressFault, hostFault } from "../common/names.ts";
import { type Complaint, rule } from "../rule.ts";
import { connectionMatchesOf, items } from "./walk.ts";

/** A rule for connections has a destination. */
export const connectionRoute = rule({
  code: "PIL1211",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "a TCP or TLS rule has a destination",
  *check({ spec }): Iterable<Complaint> {
    for (const list of ["tcp", "tls"] as const) {
      for (const [index, { route }] of (spec[list] ?? []).entries()) {
        if ((route?.length ?? 0) > 0) continue;
        yield {
          path: jsonPath("spec", list, index),
          problem: "the rule has no route",
          reason: "Connections that match would go nowhere",
          fix: "Add a route with a destination",
        };
      }
    }
  },
});

/** Server names of TLS rules are among the hosts of the object. */
export const sniHosts = rule({
  code: "PIL1212",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "TLS rules match server names that are among the hosts",
  *check({ spec }): Iterable<Complaint> {
    const reason = "No connection could match";
    for (const tls of items(spec.tls, jsonPath("spec", "tls"))) {
      if (tls.value.match.length === 0) {
        yield {
          path: child(tls.path, "match"),
          problem: "the rule matches nothing",
          reason,
          fix: "Add a match with sniHosts",
        };
      }
      for (const match of items(tls.value.match, child(tls.path, "match"))) {
        const path = child(match.path, "sniHosts");
        if (match.value.sniHosts.length === 0)
          yield { path, problem: "there are no server names", reason, fix: "Name hosts" };
        for (const { value, path: place } of items(match.value.sniHosts, path)) {
          const fault = value.startsWith("outbound_.")
            ? undefined
            : hostFault(value, { wildcard: true, address: true });
          if (fault !== undefined) {
            yield {
              path: place,
              problem: `server name "${value}" ${fault}`,
              reason,
              fix: "Write a name such as www.example.com",
            };
          } else if (spec.hosts?.some((host) => matchesHost(host, value)) !== true) {
            yield {
              path: place,
              problem: `server name "${value}" is not covered by spec.hosts`,
              reason: "The object has no say about that host",
              fix: `Add "${value}" to spec.hosts`,
            };
          }
        }
      }
    }
  },
});

/** Subnets are addresses or prefixes. */
export const subnets = rule({
  code: "PIL1213",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "destination subnets are addresses or networks",
  *check(object): Iterable<Complaint> {
    for (const { value, path } of connectionMatchesOf(object)) {
      for (const subnet of items(value.destinationSubnets, child(path, "destinationSubnets"))) {
        const fault = addressFault(subnet.value);
        if (fault === undefined) continue;
        yield {
          path: subnet.path,
          problem: `"${subnet.value}" ${fault}`,
          reason: "No connection could match",
          fix: "Write an address or a network such as 10.0.0.0/8",
        };
      }
    }
  },
});
