// Services of the sandbox's cluster: their addresses, and the names that pods know them by.
import type { Service as ApiService } from "../api/service.ts";
import { assignClusterIps } from "../registry/directory/cluster-ips.ts";
import { nodeAddress } from "./addresses.ts";
import { hostsText, type NamedService } from "./hosts.ts";
import type { ObjectMap } from "./manifests.ts";
import { isService, keyOf, type Service } from "./objects.ts";
import { type Backend, backendsOf } from "./services.ts";

/** A Service with the address that it has in this mesh; "" for one without. */
export interface AddressedService {
  readonly service: Service;
  readonly address: string;
}

/** All Services with their addresses, the same as the control plane gives them. */
export function addressedServices(objects: ObjectMap): readonly AddressedService[] {
  const services = [...objects.values()].filter(isService);
  // Only metadata.namespace, metadata.name and spec are read there, and these were checked.
  const assigned = assignClusterIps(services as unknown as readonly ApiService[]);
  return services.map((service) => {
    const own = service.spec.clusterIP ?? "";
    return {
      service,
      address:
        own === "None"
          ? ""
          : own !== ""
            ? own
            : (assigned.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? ""),
    };
  });
}

/** Hosts that are no Services: a name, and an address or the "namespace/name" of the Service whose pods answer for it. */
export type OutsideHosts = Readonly<Record<string, string>>;

export interface Names {
  readonly services: readonly NamedService[];
  readonly extra: readonly { readonly host: string; readonly address: string }[];
}

/** Every name in the cluster with its addresses. */
export function clusterNames(
  services: readonly AddressedService[],
  backends: readonly Backend[],
  outside: OutsideHosts,
): Names {
  const addressesOf = (service: Service): readonly string[] =>
    backendsOf(service, backends).map(({ address }) => address);
  const extra = Object.entries(outside).flatMap(([host, target]) => {
    const behind = services.find(({ service }) => keyOf(service) === target);
    const addresses = behind === undefined ? [target] : addressesOf(behind.service);
    return addresses.map((address) => ({ host, address }));
  });
  const controlPlane = ["istiod.istio-system", "istiod.istio-system.svc", "istiod.istio-system.svc.cluster.local"];
  return {
    services: services.map(({ service, address }) => ({
      name: service.metadata.name,
      namespace: service.metadata.namespace,
      addresses: address !== "" ? [address] : aliasOr(service, extra, addressesOf),
    })),
    extra: [...controlPlane.map((host) => ({ host, address: nodeAddress })), ...extra],
  };
}

/** The text of one pod's hosts file. */
export function hostsOf(
  pod: { readonly name: string; readonly namespace: string; readonly address: string },
  names: Names,
): string {
  return hostsText({ pod, ...names, clusterDomain: "cluster.local" });
}

/** A headless Service is its pods; an ExternalName is what the other name is, where that is known. */
function aliasOr(
  service: Service,
  extra: readonly { readonly host: string; readonly address: string }[],
  addressesOf: (service: Service) => readonly string[],
): readonly string[] {
  if (service.spec.type !== "ExternalName") return addressesOf(service);
  return extra.filter(({ host }) => host === service.spec.externalName).map(({ address }) => address);
}
