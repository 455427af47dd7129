// Route configurations of a sidecar's ports: hosts of the mesh come on demand, all others are written out.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../../base/memo.ts";
import { hostname, serviceFor, visibleService } from "../../model/hosts.ts";
import { layerOf } from "../../model/protocol.ts";
import type { MeshSettings, RouteParts, Viewpoint } from "../../model/snapshot.ts";
import { adsWithin } from "../address.ts";
import { clusterNeeds, encode } from "../encode.ts";
import { externalRoutes, meshRoutes, parseRoutes, passthroughCluster } from "../names.ts";
import { type VirtualHost, VirtualHostSchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "../proto/envoy/config/route/v3/route_pb.ts";
import type { OutboundContext } from "../proxy-context.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { maxBodyBytes } from "./direct-response.ts";
import { forwardTo, refuse } from "./fixed-routes.ts";
import { clustersOf, type RoutedRule } from "./route.ts";
import { ruledHost, rulesFor, serviceDomains, withPort } from "./virtual-host.ts";

/** Envoy waits so long for virtual hosts that nobody asked for yet before it goes on. */
const firstVirtualHostsMs = 50;

/** The route configuration `PORT` or `PORT~external` of a sidecar. */
export function outboundRoutes(context: OutboundContext, name: string): EncodedResource | undefined {
  const parsed = parseRoutes(name);
  if (parsed === undefined) return undefined;
  const { snapshot, workload } = context;
  if (!parsed.external) return encodeMeshRoutes(snapshot.mesh, parsed.port);
  const hosts = externalHosts(snapshot, workload, parsed.port);
  return encodeExternalRoutes(snapshot.mesh, parsed.port, ...hosts);
}

/** No `*` here: it would switch asking for virtual hosts off. */
const encodeMeshRoutes = memoize((_mesh: object, port: number) =>
  encode(typeUrls.route, meshRoutes(port), RouteConfigurationSchema, {
    message: create(RouteConfigurationSchema, {
      name: meshRoutes(port),
      vhds: { configSource: adsWithin(firstVirtualHostsMs) },
      maxDirectResponseBodySizeBytes: maxBodyBytes,
    }),
  }),
);

/** A host outside of the mesh's address ranges. */
interface ExternalHost {
  readonly name: string;
  readonly domains: string;
  readonly rules: readonly RoutedRule[];
}

const externalHost = memoize(
  (first: RoutedRule, name: string, domains: string, ...rest: readonly RoutedRule[]): ExternalHost => ({
    name,
    domains,
    rules: [first, ...rest],
  }),
);

/** Hosts that have no cluster IP: of ServiceEntries, headless and external-name Services, and of VirtualServices alone. */
function externalHosts(snapshot: RouteParts, view: Viewpoint, port: number): readonly ExternalHost[] {
  const routed = port === 80 ? routedNames(snapshot.virtualServices) : [];
  const unserved = routed.filter((name) => serviceFor(snapshot, view, name) === undefined);
  const names = [...eagerNames(snapshot.services, port), ...unserved];
  return [...new Set(names)].sort().flatMap((name) => {
    const service = visibleService(snapshot, hostname(name), view.namespace);
    const [first, ...rest] = rulesFor(snapshot, view, name, port);
    if (first === undefined) return [];
    const domains = service === undefined ? [name] : serviceDomains(snapshot, service, view.namespace);
    return domains.length === 0 ? [] : [externalHost(first, name, domains.join(" "), ...rest)];
  });
}

const eagerNames = memoize((services: RouteParts["services"], port: number): readonly string[] =>
  [...services.values()]
    .filter(
      ({ resolution, ports }) =>
        resolution !== "cluster-ip" && ports.some((one) => one.number === port && carriesHttp(one)),
    )
    .map((service) => service.hostname),
);

const carriesHttp = ({ protocol }: { readonly protocol: Parameters<typeof layerOf>[0] }): boolean =>
  ["http", "sniffed"].includes(layerOf(protocol));

const routedNames = memoize((all: RouteParts["virtualServices"]): readonly string[] =>
  all
    .filter(({ spec }) => (spec.http?.length ?? 0) > 0 && spec.gateways?.includes("mesh") !== false)
    .flatMap(({ spec }) => (spec.hosts ?? []).filter((host) => !host.endsWith(".svc") && host !== "*")),
);

const encodeExternalRoutes = memoize(
  (mesh: MeshSettings, port: number, ...hosts: readonly ExternalHost[]): EncodedResource => {
    const name = externalRoutes(port);
    const taken = new Set<string>();
    const virtualHosts = hosts.flatMap((host) => {
      const all = host.domains.split(" ").flatMap((domain) => (domain === "*" ? [domain] : withPort(domain, port)));
      const domains = all.filter((domain) => !taken.has(domain));
      for (const domain of domains) taken.add(domain);
      return domains.length === 0 ? [] : [ruledHost(`${host.name}:${port}`, domains, host.rules)];
    });
    const passes = mesh.config.outboundTrafficPolicy.mode === "ALLOW_ANY";
    if (!taken.has("*")) virtualHosts.push(catchAll(passes));
    const rules = hosts.flatMap((host) => host.rules);
    return encode(typeUrls.route, name, RouteConfigurationSchema, {
      message: create(RouteConfigurationSchema, { name, virtualHosts, maxDirectResponseBodySizeBytes: maxBodyBytes }),
      needs: clusterNeeds([...clustersOf(rules), ...(passes ? [passthroughCluster] : [])]),
      provenance: rules.map(({ rule }) => rule.origin),
    });
  },
);

function catchAll(passes: boolean): VirtualHost {
  return create(VirtualHostSchema, {
    name: passes ? "allow_any" : "block_all",
    domains: ["*"],
    routes: [passes ? forwardTo(passthroughCluster, "allow_any") : refuse()],
    includeRequestAttemptCount: true,
  });
}
