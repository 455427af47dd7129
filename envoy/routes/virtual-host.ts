// The virtual host that a sidecar asks for by the authority of a request: a service, a pod, or somewhere unknown.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../../base/memo.ts";
import { isIpAddress, withoutPort } from "../../model/authority.ts";
import { hostname, isVisible, namesOf, serviceFor } from "../../model/hosts.ts";
import { partsOf } from "../../model/parts.ts";
import { layerOf } from "../../model/protocol.ts";
import { httpRules, type ResolvedHttpRule } from "../../model/routes.ts";
import type { MeshService } from "../../model/service.ts";
import type { MeshSettings, RouteParts, ServiceParts, Viewpoint } from "../../model/snapshot.ts";
import { clusterNeeds, encode } from "../encode.ts";
import { addressCluster, parseVirtualHost, passthroughCluster, virtualHostResource } from "../names.ts";
import { type VirtualHost, VirtualHostSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import type { HostContext } from "../proxy-context.ts";
import { type EncodedResource, type ResourceName, typeUrls } from "../resource.ts";
import { forwardTo, refuse } from "./fixed-routes.ts";
import { clustersOf, defaultRule, type RoutedRule, routedRule, routesOf } from "./route.ts";

/** The one name for what is asked as `PORT/AUTHORITY`: any form of a service's name gives the full one. */
export function virtualHostName(snapshot: ServiceParts, view: Viewpoint, asked: string): string {
  return nameOf(serviceParts(snapshot), view.namespace, asked);
}

const serviceParts = partsOf("mesh", "services", "rivals", "servicesByAddress");

const nameOf = memoize((snapshot: ServiceParts, namespace: string, asked: string): string => {
  const view: Viewpoint = { namespace, labels: {} };
  const parsed = parseVirtualHost(asked);
  if (parsed === undefined) return asked;
  const { port, authority } = parsed;
  const plain = withoutOwnPort(authority, port);
  const service = serviceFor(snapshot, view, plain);
  // What leads to the service but is no domain of its virtual host (a foreign port, a dot at the end, a pod's name below a
  // headless Service) gets a virtual host of its own.
  const isItsName =
    service !== undefined &&
    hasPort(service, port) &&
    serviceDomains(snapshot, service, view.namespace).includes(plain);
  return virtualHostResource(port, isItsName ? service.hostname : plain);
});

/** The virtual hosts of all services with a virtual address that a namespace sees. */
export const everyVirtualHost = memoize(
  (services: ServiceParts["services"], namespace: string): readonly ResourceName[] =>
    [...services.values()]
      .filter(
        (service) => service.resolution === "cluster-ip" && isVisible(service.exportTo, service.namespace, namespace),
      )
      .flatMap(({ hostname: host, ports }) =>
        ports
          .filter(({ protocol }) => ["http", "sniffed"].includes(layerOf(protocol)))
          .map(({ number }) => ({ type: typeUrls.virtualHost, name: virtualHostResource(number, host) })),
      ),
);

/** The virtual host of that name as this proxy should hold it. Unknown hosts have one too: they pass through. */
export function virtualHostFor(context: HostContext, name: string): EncodedResource | undefined {
  const parsed = parseVirtualHost(name);
  // Envoy itself asks for "*", and a domain with a star would switch asking off for all.
  if (parsed === undefined || /[*\s/]/.test(parsed.authority)) return undefined;
  const { snapshot, workload } = context;
  const { port, authority } = parsed;
  // Under another name it would have the domains of the one that has the right name.
  if (virtualHostName(snapshot, workload, name) !== name) return undefined;
  const domains = domainsFor(serviceParts(snapshot), workload.namespace, authority, port);
  const rules = rulesFor(snapshot, workload, authority, port);
  const [first, ...rest] = rules;
  if (first !== undefined) return encodeRuled(first, name, domains, ...rest);
  const pod = withoutPort(authority);
  if (snapshot.workloadsByAddress.has(pod)) return encodePod(snapshot.mesh, name, domains, pod, port);
  return encodeUnknown(snapshot.mesh, name, domains);
}

/** The rules for an authority on a port, as a sidecar applies them; empty: nobody knows the host. */
export function rulesFor(
  snapshot: RouteParts,
  view: Viewpoint,
  authority: string,
  port: number,
): readonly RoutedRule[] {
  const found = serviceFor(snapshot, view, authority);
  const service = found !== undefined && hasPort(found, port) ? found : undefined;
  const hosts = service === undefined ? [hostname(withoutPort(authority))] : [service.hostname];
  if (service?.hostname.startsWith("*") === true) hosts.unshift(hostname(withoutPort(authority)));
  const none: readonly ResolvedHttpRule[] = [];
  const written = hosts.reduce(
    (rules, host) => (rules.length > 0 ? rules : httpRules(snapshot, { view, host, port, gateway: "mesh" })),
    none,
  );
  const rules = written.length === 0 && service !== undefined ? [defaultRule(service, port)] : written;
  return rules.map((rule) => routedRule(snapshot, view, rule));
}

/** A virtual host of rules, for plain HTTP or for what comes out of TLS. */
export function ruledHost(
  name: string,
  domains: readonly string[],
  rules: readonly RoutedRule[],
  secured = false,
): VirtualHost {
  return create(VirtualHostSchema, {
    name,
    domains: [...domains],
    routes: routesOf(rules, secured),
    includeRequestAttemptCount: true,
  });
}

const encodeRuled = memoize((first: RoutedRule, name: string, domains: string, ...rest: readonly RoutedRule[]) => {
  const rules = [first, ...rest];
  return encode(typeUrls.virtualHost, name, VirtualHostSchema, {
    message: ruledHost(name, domains.split(" "), rules),
    needs: clusterNeeds(clustersOf(rules)),
    provenance: rules.map(({ rule }) => rule.origin),
  });
});

const encodePod = memoize((_mesh: object, name: string, domains: string, address: string, port: number) => {
  const cluster = addressCluster({ layer: "http", address, port });
  return encode(typeUrls.virtualHost, name, VirtualHostSchema, {
    message: create(VirtualHostSchema, { name, domains: domains.split(" "), routes: [forwardTo(cluster)] }),
    needs: clusterNeeds([cluster]),
  });
});

const encodeUnknown = memoize((mesh: MeshSettings, name: string, domains: string) => {
  const passes = mesh.config.outboundTrafficPolicy.mode === "ALLOW_ANY";
  const route = passes ? forwardTo(passthroughCluster) : refuse();
  return encode(typeUrls.virtualHost, name, VirtualHostSchema, {
    message: create(VirtualHostSchema, { name, domains: domains.split(" "), routes: [route] }),
    needs: passes ? clusterNeeds([passthroughCluster]) : [],
  });
});

/** Every authority that this virtual host is for, with and without the port, with spaces between. */
const domainsFor = memoize((snapshot: ServiceParts, namespace: string, authority: string, port: number): string => {
  if (hasForeignPort(authority)) return authority;
  const service = serviceFor(snapshot, { namespace, labels: {} }, authority);
  const isItself = service?.hostname === authority && hasPort(service, port);
  const names = isItself ? serviceDomains(snapshot, service, namespace) : [authority];
  return names.flatMap((name) => withPort(name, port)).join(" ");
});

/**
 * The names of a service that lead to it and to no other: Envoy refuses a route configuration in which two virtual hosts
 * have the same domain.
 */
export function serviceDomains(snapshot: ServiceParts, service: MeshService, namespace: string): readonly string[] {
  return domainsOf(serviceParts(snapshot), service, namespace);
}

const domainsOf = memoize((snapshot: ServiceParts, service: MeshService, namespace: string) => {
  const view: Viewpoint = { namespace, labels: {} };
  return namesOf(snapshot, service, namespace).filter((name) => serviceFor(snapshot, view, name) === service);
});

/** A name without and with the port. */
export function withPort(name: string, port: number): readonly string[] {
  return [name, `${name}:${port}`];
}

function hasPort(service: MeshService, port: number): boolean {
  return service.ports.some(({ number }) => number === port);
}

function withoutOwnPort(authority: string, port: number): string {
  const suffix = `:${port}`;
  return authority.endsWith(suffix) && !isIpAddress(authority) ? authority.slice(0, -suffix.length) : authority;
}

function hasForeignPort(authority: string): boolean {
  return /:\d+$/.test(authority) && !isIpAddress(authority);
}
