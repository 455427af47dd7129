// The endpoints of a snapshot: each service is looked at again only when it, its namespace's pods or its slices changed.
import type { EndpointSlice } from "../api/endpoint-slice.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import type { PeerAuthentication } from "../api/peer-authentication.ts";
import { memoize } from "../base/memo.ts";
import type { ServiceSource, Services } from "./build-services.ts";
import type { Workloads } from "./build-workloads.ts";
import { type EndpointContext, entryEndpoints, externalEndpoint, podEndpoints, sliceEndpoints } from "./endpoints.ts";
import { groupBy, keepMap } from "./keep.ts";
import { selectWorkloads } from "./selection.ts";
import type { Endpoint, Hostname, MeshService } from "./service.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Workload } from "./workload.ts";
import type { World } from "./world.ts";

/** What endpoints are made from, beside the slices in the world. */
export interface EndpointInputs {
  readonly found: Services;
  readonly pods: Workloads;
  readonly policies: readonly PeerAuthentication[];
  readonly config: MeshConfig;
}

type EndpointParts = Pick<Snapshot, "endpoints" | "rivalEndpoints" | "servicesOfWorkload">;

/** What each map of endpoints was made from, and made into. */
const made = new WeakMap<
  Snapshot["endpoints"],
  { readonly inputs: readonly unknown[]; readonly result: EndpointParts }
>();

/** Endpoints of all services, and which services each workload serves. */
export function buildEndpoints(world: World, inputs: EndpointInputs, previous: Snapshot | undefined): EndpointParts {
  const { found, pods, policies, config } = inputs;
  const slices = world.objects.EndpointSlice;
  const last = previous === undefined ? undefined : made.get(previous.endpoints);
  const now = [found, pods, policies, config, slices];
  if (last?.inputs.every((input, index) => input === now[index]) === true) return last.result;
  const context: EndpointContext = {
    policies,
    rootNamespace: config.rootNamespace,
    trustDomain: config.trustDomain,
    workloadsByAddress: pods.workloadsByAddress,
  };
  const endpoints = new Map<Hostname, readonly Endpoint[]>();
  const rivalEndpoints = new Map<MeshService, readonly Endpoint[]>();
  const written: { key: string; service: MeshService }[] = [];
  for (const source of found.sources) {
    const { service } = source;
    const selected = selectedBy(source, pods);
    const list =
      selected === undefined
        ? writtenEndpoints(source, slicesByService(slices), context)
        : selectedEndpoints(selected, service, isForNotReady(source), policies, config.rootNamespace);
    if (selected === undefined) written.push(...servedByAddress(service, list, pods));
    if (found.services.get(service.hostname) === service) endpoints.set(service.hostname, list);
    else rivalEndpoints.set(service, list);
  }
  const result = {
    endpoints: keepMap(previous?.endpoints, endpoints),
    rivalEndpoints: keepMap(previous?.rivalEndpoints, rivalEndpoints),
    servicesOfWorkload: keepMap(previous?.servicesOfWorkload, servedBy(found.sources, pods, written)),
  };
  made.set(result.endpoints, { inputs: now, result });
  return result;
}

const selectedEndpoints = memoize(
  (
    selected: readonly Workload[],
    service: MeshService,
    notReadyToo: boolean,
    policies: readonly PeerAuthentication[],
    rootNamespace: string,
  ) => podEndpoints(service, selected, notReadyToo, { policies, rootNamespace }),
);

function isForNotReady({ object }: ServiceSource): boolean {
  return object.kind === "Service" && object.spec.publishNotReadyAddresses === true;
}

const none: readonly Workload[] = [];

/** The pods behind a service, ready or not; undefined when it does not select any. */
function selectedBy(
  { service, object }: ServiceSource,
  pods: Pick<Workloads, "byNamespace">,
): readonly Workload[] | undefined {
  const selector = object.kind === "Service" ? object.spec.selector : object.spec.workloadSelector?.labels;
  if (selector === undefined || service.resolution === "external-name") return undefined;
  const workloads = pods.byNamespace.get(service.namespace) ?? none;
  return Object.keys(selector).length === 0 ? undefined : selectWorkloads(workloads, selector);
}

function writtenEndpoints(
  { service, object }: ServiceSource,
  slices: ReadonlyMap<string, readonly EndpointSlice[]>,
  context: EndpointContext,
): readonly Endpoint[] {
  if (object.kind === "ServiceEntry") return entryEndpoints(service, object, context);
  if (service.resolution === "external-name") return externalEndpoint(service);
  return sliceEndpoints(service, slices.get(`${service.namespace}/${service.name}`) ?? [], context);
}

/** By "namespace/service". */
const slicesByService = memoize((slices: ReadonlyMap<string, EndpointSlice>) =>
  groupBy(
    slices.values(),
    ({ metadata }) => `${metadata.namespace}/${metadata.labels["kubernetes.io/service-name"] ?? ""}`,
  ),
);

/** The pods whose addresses somebody wrote down as endpoints. */
function servedByAddress(service: MeshService, endpoints: readonly Endpoint[], pods: Workloads) {
  return endpoints.flatMap(({ address }) => {
    const workload = pods.workloadsByAddress.get(address);
    return workload === undefined ? [] : [{ key: `${workload.namespace}/${workload.name}`, service }];
  });
}

/** The services that select each workload, ready or not, or have its address. */
function servedBy(
  sources: readonly ServiceSource[],
  pods: Workloads,
  written: readonly { readonly key: string; readonly service: MeshService }[],
): ReadonlyMap<string, readonly MeshService[]> {
  const all = new Map<string, readonly MeshService[]>();
  for (const [namespace, own] of sourcesByNamespace(sources)) {
    const workloads = pods.byNamespace.get(namespace);
    if (workloads === undefined) continue;
    for (const [key, services] of servedIn(workloads, own)) all.set(key, services);
  }
  for (const { key, service } of written) all.set(key, [...(all.get(key) ?? []), service]);
  return all;
}

const sourcesByNamespace = memoize((sources: readonly ServiceSource[]) =>
  groupBy(sources, ({ service }) => service.namespace),
);

const servedIn = memoize((workloads: readonly Workload[], sources: readonly ServiceSource[]) => {
  const byNamespace = new Map(workloads.slice(0, 1).map(({ namespace }) => [namespace, workloads]));
  const pairs = sources.flatMap((source) =>
    (selectedBy(source, { byNamespace }) ?? none).map(({ namespace, name }) => ({
      key: `${namespace}/${name}`,
      service: source.service,
    })),
  );
  const groups = groupBy(pairs, ({ key }) => key);
  return new Map([...groups].map(([key, group]) => [key, group.map(({ service }) => service)]));
});
