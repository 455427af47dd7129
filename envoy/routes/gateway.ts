// Route configurations of a gateway's ports: everything is written out, for a gateway is asked for any host.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../../base/memo.ts";
import { type GatewayListener, gatewayHosts } from "../../model/gateways.ts";
import { clusterNeeds, encode } from "../encode.ts";
import {
  type VirtualHost,
  VirtualHost_TlsRequirementType,
} from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "../proto/envoy/config/route/v3/route_pb.ts";
import type { ProxyContext } from "../proxy-context.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { maxBodyBytes } from "./direct-response.ts";
import { clustersOf, type RoutedRule, routedRule } from "./route.ts";
import { ruledHost } from "./virtual-host.ts";

/** The route configuration of that name, for the hosts of these servers. Without any, Envoy answers 404. */
export function gatewayRoutes(context: ProxyContext, name: string, listener: GatewayListener): EncodedResource {
  const { snapshot, workload } = context;
  const secured = listener.protocol === "https";
  const hosts = gatewayHosts(snapshot, workload, listener).flatMap((host) => {
    const rules = host.rules.map((rule) => routedRule(snapshot, workload, rule));
    return routedHost(snapshot.mesh, host.domains.join(" "), host.httpsRedirect, secured, ...rules);
  });
  return encodeRoutes(snapshot.mesh, name, ...hosts);
}

interface RoutedHost {
  readonly domains: readonly string[];
  readonly httpsRedirect: boolean;
  readonly secured: boolean;
  readonly rules: readonly RoutedRule[];
}

const routedHost = memoize(
  (
    _mesh: object,
    domains: string,
    httpsRedirect: boolean,
    secured: boolean,
    ...rules: readonly RoutedRule[]
  ): RoutedHost => ({
    domains: domains.split(" "),
    httpsRedirect,
    secured,
    rules,
  }),
);

const encodeRoutes = memoize((_mesh: object, name: string, ...hosts: readonly RoutedHost[]): EncodedResource => {
  const rules = hosts.flatMap((host) => host.rules);
  return encode(typeUrls.route, name, RouteConfigurationSchema, {
    message: create(RouteConfigurationSchema, {
      name,
      virtualHosts: hosts.map(virtualHost),
      // Callers from outside write whatever port leads them here.
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: maxBodyBytes,
    }),
    needs: clusterNeeds(clustersOf(rules)),
    provenance: rules.map(({ rule }) => rule.origin),
  });
});

function virtualHost({ domains, httpsRedirect, secured, rules }: RoutedHost): VirtualHost {
  const host: VirtualHost = ruledHost(domains[0] ?? "*", domains, rules, secured);
  if (httpsRedirect) host.requireTls = VirtualHost_TlsRequirementType.ALL;
  return host;
}
