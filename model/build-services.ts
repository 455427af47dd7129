// The services of a snapshot, from Kubernetes Services and ServiceEntries.
import type { MeshConfig } from "../api/mesh-config.ts";
import type { Service } from "../api/service.ts";
import type { ServiceEntry } from "../api/service-entry.ts";
import { sorted } from "./age.ts";
import { groupBy, keepEqual, keepMap } from "./keep.ts";
import { portsOf } from "./ports.ts";
import type { Hostname, MeshService } from "./service.ts";
import { entryServices, kubernetesService } from "./service-sources.ts";
import type { OutboundPort, Snapshot } from "./snapshot.ts";

/** Services and what is found by them. */
export interface Services {
  readonly services: Snapshot["services"];
  readonly rivals: Snapshot["rivals"];
  readonly servicesByAddress: Snapshot["servicesByAddress"];
  readonly publicPorts: readonly OutboundPort[];
  readonly portsByNamespace: Snapshot["portsByNamespace"];
  /** The objects that services were made from, Kubernetes Services first. */
  readonly sources: readonly ServiceSource[];
  /** Full names of all Kubernetes Services. */
  readonly kubernetesNames: ReadonlySet<Hostname>;
  /** Their virtual addresses. */
  readonly clusterAddresses: readonly string[];
}

/** A service with the object that tells its endpoints. */
export interface ServiceSource {
  readonly service: MeshService;
  readonly object: Service | ServiceEntry;
}

/** All services of a world. The same object as for `previous` when nothing changed. */
export function buildServices(
  services: ReadonlyMap<string, Service>,
  entries: ReadonlyMap<string, ServiceEntry>,
  config: MeshConfig,
  previous: Snapshot | undefined,
): Services {
  const last = previous === undefined ? undefined : made.get(previous.services);
  const inputs = [services, entries, config];
  if (last?.inputs.every((input, index) => input === inputs[index]) === true) return last.result;
  const old = new Map(last?.result.sources.map(({ service }) => [serviceKey(service), service]));
  const sources = allSources(services, entries, config).map(({ service, object }) => ({
    service: keepEqual(old.get(serviceKey(service)), service),
    object,
  }));
  const result = indexed(sources, last?.result, previous);
  made.set(result.services, { inputs, result });
  return result;
}

/** What each map of services was made from, and made into. */
const made = new WeakMap<Snapshot["services"], { readonly inputs: readonly unknown[]; readonly result: Services }>();

/** In the order in which they win a host: Kubernetes Services, then ServiceEntries, the older first. */
function allSources(
  services: ReadonlyMap<string, Service>,
  entries: ReadonlyMap<string, ServiceEntry>,
  config: MeshConfig,
): readonly ServiceSource[] {
  return [
    ...sorted(services).map((object) => ({ service: kubernetesService(object, config), object })),
    ...sorted(entries).flatMap((object) => entryServices(object, config).map((service) => ({ service, object }))),
  ];
}

function serviceKey({ origin, hostname }: MeshService): string {
  return `${origin.kind} ${origin.namespace}/${origin.name} ${hostname}`;
}

function indexed(
  sources: readonly ServiceSource[],
  last: Services | undefined,
  previous: Snapshot | undefined,
): Services {
  const all = sources.map(({ service }) => service);
  const claims = groupBy(all, ({ hostname }) => hostname);
  const winners = [...claims].flatMap(([host, [first]]): [Hostname, MeshService][] =>
    first === undefined ? [] : [[host, first]],
  );
  const rivals = [...claims].flatMap(([host, [, ...others]]): [Hostname, MeshService[]][] =>
    others.length === 0 ? [] : [[host, others]],
  );
  const byAddress = new Map<string, MeshService>();
  for (const service of all) {
    for (const address of service.addresses) if (!byAddress.has(address)) byAddress.set(address, service);
  }
  const kubernetes = all.filter(({ origin }) => origin.kind === "Service");
  return {
    services: keepMap(previous?.services, new Map(winners.toSorted(([a], [b]) => (a < b ? -1 : 1)))),
    rivals: keepMap(previous?.rivals, new Map(rivals)),
    servicesByAddress: keepMap(previous?.servicesByAddress, byAddress),
    ...ports(all, previous),
    sources: keepEqual(last?.sources, sources),
    kubernetesNames: keepEqual(last?.kubernetesNames, new Set(kubernetes.map(({ hostname }) => hostname))),
    clusterAddresses: keepEqual(last?.clusterAddresses, kubernetes.flatMap(({ addresses }) => addresses).toSorted()),
  };
}

/** Nearly all services are seen by all; only namespaces that see more need a list of their own. */
function ports(
  all: readonly MeshService[],
  previous: Snapshot | undefined,
): Pick<Services, "publicPorts" | "portsByNamespace"> {
  const everywhere = all.filter(({ exportTo }) => exportTo.includes("*"));
  const limited = all.flatMap((service) =>
    service.exportTo.filter((entry) => entry !== "*" && entry !== "~").map((namespace) => ({ namespace, service })),
  );
  const more = [...groupBy(limited, ({ namespace }) => namespace)].map(
    ([namespace, seen]) => [namespace, portsOf([...everywhere, ...seen.map(({ service }) => service)])] as const,
  );
  return {
    publicPorts: keepEqual(previous?.publicPorts, portsOf(everywhere)),
    portsByNamespace: keepMap(previous?.portsByNamespace, new Map(more)),
  };
}
