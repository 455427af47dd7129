// From resolved rules to Envoy's routes: one route for each match of each rule, made by the features in turn.
import { create } from "@bufbuild/protobuf";
import type { ConsistentHash } from "../../api/traffic-policy.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { destinationRuleFor, trafficPolicyFor } from "../../model/destination-rules.ts";
import type { ResolvedHttpRule } from "../../model/routes.ts";
import type { MeshService } from "../../model/service.ts";
import type { TargetParts, Viewpoint } from "../../model/snapshot.ts";
import { blackHoleCluster } from "../names.ts";
import { type Route, RouteSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { clusterOf } from "./destinations.ts";
import { features } from "./features.ts";
import { isReadable } from "./match.ts";

/** A rule with what DestinationRules add to its routes. The same object for the same parts. */
export interface RoutedRule {
  readonly rule: ResolvedHttpRule;
  readonly hashing: readonly ConsistentHash[];
}

/** The rule together with how its destinations keep callers at one endpoint. */
export function routedRule(snapshot: TargetParts, view: Viewpoint, rule: ResolvedHttpRule): RoutedRule {
  const hashing = rule.destinations.flatMap(({ host, port, subset }) => {
    const policy = trafficPolicyFor(destinationRuleFor(snapshot, view, host), subset, port);
    return policy.loadBalancer?.consistentHash ?? [];
  });
  return combined(rule, ...hashing);
}

const combined = memoize(
  (rule: ResolvedHttpRule, ...hashing: readonly ConsistentHash[]): RoutedRule => ({ rule, hashing }),
);

/** The rule of a service that no VirtualService routes: everything goes to the service itself. */
export const defaultRule = memoize((service: MeshService, port: number): ResolvedHttpRule => {
  const host = service.hostname;
  return {
    matches: [],
    spec: { name: "default" },
    destinations: [{ host, service, port, weight: 100, spec: { destination: { host } } }],
    mirrors: [],
    port,
    origin: service.origin,
    path: jsonPath(),
  };
});

/** The routes of rules, in their order, for plain HTTP or for what comes out of TLS. */
export function routesOf(rules: readonly RoutedRule[], secured: boolean): Route[] {
  return rules.flatMap(({ rule, hashing }) => {
    const { spec, destinations, mirrors, port } = rule;
    const matches = rule.matches.length === 0 ? [undefined] : rule.matches.filter(isReadable);
    return matches.map((match) => {
      const route = create(RouteSchema);
      for (const apply of features) apply(route, { spec, match, destinations, mirrors, hashing, port, secured });
      return route;
    });
  });
}

/** All clusters that rules name, mirrors too. */
export function clustersOf(rules: readonly RoutedRule[]): readonly string[] {
  return rules.flatMap(({ rule }) => [
    ...(rule.destinations.length === 0 && forwards(rule) ? [blackHoleCluster] : []),
    ...rule.destinations.map(clusterOf),
    ...rule.mirrors.map(({ destination }) => clusterOf(destination)),
  ]);
}

function forwards({ spec }: ResolvedHttpRule): boolean {
  return spec.redirect === undefined && spec.directResponse === undefined;
}
