// The endpoints of each service: pods that are ready, addresses that people wrote, names that Envoy resolves.
import type { EndpointSlice } from "../api/endpoint-slice.ts";
import type { PeerAuthentication } from "../api/peer-authentication.ts";
import type { ServiceEntry, ServiceEntryEndpoint } from "../api/service-entry.ts";
import { memoize } from "../base/memo.ts";
import { isIpAddress } from "./authority.ts";
import { peerPolicyFrom } from "./mtls.ts";
import type { Endpoint, MeshService, ServicePort } from "./service.ts";
import { tlsModeLabel } from "./sidecar.ts";
import type { Workload } from "./workload.ts";
import { spiffeId } from "./workloads.ts";

/** What endpoints depend on beside their own service and pods. */
export interface EndpointContext {
  /** Oldest first. */
  readonly policies: readonly PeerAuthentication[];
  readonly rootNamespace: string;
  readonly trustDomain: string;
  readonly workloadsByAddress: ReadonlyMap<string, Workload>;
}

/** Endpoints of pods. Each is the same object as long as service, pod and policies are. */
export function podEndpoints(
  service: MeshService,
  workloads: readonly Workload[],
  notReadyToo: boolean,
  { policies, rootNamespace }: Pick<EndpointContext, "policies" | "rootNamespace">,
): readonly Endpoint[] {
  return workloads.flatMap((workload) => {
    const serving = workload.serving || (notReadyToo && !workload.terminating);
    const endpoint = serving ? podEndpoint(workload, service, policies, rootNamespace) : undefined;
    return endpoint ?? [];
  });
}

/** Endpoints of a Service without selector, as its EndpointSlices say. */
export function sliceEndpoints(
  service: MeshService,
  slices: readonly EndpointSlice[],
  { workloadsByAddress, policies, rootNamespace }: EndpointContext,
): readonly Endpoint[] {
  return slices.flatMap((slice) =>
    (slice.endpoints ?? []).flatMap(({ addresses, conditions, zone }): Endpoint[] => {
      const [address] = addresses;
      // Slices of the type FQDN hold names, and one of these makes Envoy refuse all of the service's endpoints.
      if (address === undefined || !isIpAddress(address) || conditions?.ready === false) return [];
      const ports = slicePorts(service, slice);
      const workload = workloadsByAddress.get(address);
      if (workload === undefined) {
        return [
          { address, ports, labels: {}, weight: 0, locality: zone === undefined ? "" : `/${zone}`, meshTls: false },
        ];
      }
      return [{ ...fromWorkload(workload, ports, policies, rootNamespace), address }];
    }),
  );
}

/** Endpoints that a ServiceEntry writes down; one resolved by DNS without any has its own host. */
export function entryEndpoints(
  service: MeshService,
  entry: ServiceEntry,
  context: EndpointContext,
): readonly Endpoint[] {
  const { resolution, ports, hostname } = service;
  if (resolution === "none") return [];
  const written = (entry.spec.endpoints ?? []).flatMap((endpoint) => entryEndpoint(service, endpoint, context) ?? []);
  if (resolution === "static" || written.length > 0) return written;
  return [plain(hostname, targetPorts(ports))];
}

/** The one endpoint of an ExternalName. */
export function externalEndpoint({ externalName, ports }: MeshService): readonly Endpoint[] {
  return externalName === undefined ? [] : [plain(externalName, targetPorts(ports))];
}

const podEndpoint = memoize(
  (
    workload: Workload,
    service: MeshService,
    policies: readonly PeerAuthentication[],
    rootNamespace: string,
  ): Endpoint | undefined => {
    const ports = podPorts(service, workload);
    const unreachable = service.ports.length > 0 && Object.keys(ports).length === 0;
    if (workload.addresses.length === 0 || unreachable) return undefined;
    return fromWorkload(workload, ports, policies, rootNamespace);
  },
);

function fromWorkload(
  workload: Workload,
  ports: Endpoint["ports"],
  policies: readonly PeerAuthentication[],
  rootNamespace: string,
): Endpoint {
  const policy = peerPolicyFrom(policies, rootNamespace, workload);
  const used = [...new Set(Object.values(ports))];
  const plaintext = used.filter((port) => (policy.ports[String(port)] ?? policy.mode) === "DISABLE");
  const meshTls = workload.hasSidecar && (plaintext.length < used.length || used.length === 0);
  return {
    address: workload.addresses[0] ?? "",
    ports,
    labels: workload.labels,
    weight: 0,
    locality: workload.locality,
    meshTls,
    ...(meshTls && plaintext.length > 0 ? { plaintextPorts: plaintext } : {}),
    ...(workload.hasSidecar ? { identity: workload.identity } : {}),
    workload: `${workload.namespace}/${workload.name}`,
  };
}

function podPorts(service: MeshService, workload: Workload): Endpoint["ports"] {
  const entries = service.ports.flatMap(({ number, targetPort }): [number, number][] => {
    if (typeof targetPort === "number") return [[number, targetPort]];
    const named = workload.ports.find(({ name }) => name === targetPort);
    return named === undefined ? [] : [[number, named.number]];
  });
  return Object.fromEntries(entries);
}

/** Ports of slices have the names of the Service's ports; the only port may go without. */
function slicePorts(service: MeshService, slice: EndpointSlice): Endpoint["ports"] {
  const entries = service.ports.flatMap(({ name, number }): [number, number][] => {
    const same = slice.ports?.find((port) => (port.name ?? "") === name);
    const port = same ?? (service.ports.length === 1 ? slice.ports?.[0] : undefined);
    return port?.port === undefined ? [] : [[number, port.port]];
  });
  return Object.fromEntries(entries);
}

function entryEndpoint(
  service: MeshService,
  endpoint: ServiceEntryEndpoint,
  { trustDomain }: EndpointContext,
): Endpoint | undefined {
  const { address, labels = {}, weight = 0, locality = "", serviceAccount } = endpoint;
  if (address === undefined) return undefined;
  const isStatic = service.resolution === "static";
  // A socket has no name to resolve, and a name is no address.
  if (isSocket(address) ? !isStatic : isStatic && !isIpAddress(address)) return undefined;
  // A port may be named "constructor", which every object has.
  const own = new Map(Object.entries(endpoint.ports ?? {}));
  const ports = service.ports.map(({ name, number, targetPort }): [number, number] => [
    number,
    own.get(name) ?? Number(targetPort),
  ]);
  return {
    address,
    ports: Object.fromEntries(ports),
    labels,
    weight,
    locality,
    // Who has an identity of the mesh has a proxy that shows it, unless the label says otherwise.
    meshTls: !service.external && (labels[tlsModeLabel] ?? (serviceAccount ? "istio" : "disabled")) === "istio",
    ...(serviceAccount === undefined ? {} : { identity: spiffeId(trustDomain, service.namespace, serviceAccount) }),
  };
}

/** Whether an endpoint is a Unix socket that the proxy finds among its files: "unix:///path". */
export function isSocket(address: string): boolean {
  return address.startsWith(socketScheme);
}

/** What stands before the path of a socket. */
export const socketScheme = "unix://";

function targetPorts(ports: readonly ServicePort[]): Endpoint["ports"] {
  return Object.fromEntries(ports.map(({ number, targetPort }) => [number, Number(targetPort)]));
}

function plain(address: string, ports: Endpoint["ports"]): Endpoint {
  return { address, ports, labels: {}, weight: 0, locality: "", meshTls: false };
}
