// Services of the mesh from Kubernetes Services and ServiceEntries.
import type { MeshConfig } from "../api/mesh-config.ts";
import { refOf } from "../api/object.ts";
import type { Service } from "../api/service.ts";
import type { ServiceEntry, ServiceEntryPort } from "../api/service-entry.ts";
import { memoize } from "../base/memo.ts";
import { canonicalAddress, isIpAddress } from "./authority.ts";
import { resolveExportTo } from "./export-to.ts";
import { hostname } from "./hosts.ts";
import { protocolOf } from "./protocol.ts";
import type { MeshService, Resolution, ServicePort } from "./service.ts";

/** Annotation that limits who sees a Service. */
const exportToAnnotation = "networking.istio.io/exportTo";

/** A Kubernetes Service; the same object for the same inputs. */
export const kubernetesService: (service: Service, config: MeshConfig) => MeshService = memoize(
  (service: Service, config: MeshConfig): MeshService => {
    const { metadata, spec } = service;
    const exportTo = metadata.annotations[exportToAnnotation]?.split(",").map((entry) => entry.trim());
    const resolution = kubernetesResolution(service);
    return {
      hostname: hostname(`${metadata.name}.${metadata.namespace}.svc.${config.pillion.clusterDomain}`),
      namespace: metadata.namespace,
      name: metadata.name,
      origin: refOf(service),
      resolution,
      addresses: resolution === "cluster-ip" ? clusterAddresses(service) : [],
      ports: (spec.ports ?? []).map((port) => ({
        name: port.name ?? "",
        number: port.port,
        targetPort: port.targetPort === undefined || port.targetPort === 0 ? port.port : port.targetPort,
        protocol: protocolOf({ ...port, number: port.port }),
      })),
      exportTo: resolveExportTo(exportTo, metadata.namespace, config.defaultServiceExportTo),
      external: resolution === "external-name",
      subjectAltNames: [],
      ...(spec.externalName === undefined ? {} : { externalName: spec.externalName }),
      ...(metadata.creationTimestamp === undefined ? {} : { createdAt: metadata.creationTimestamp }),
    };
  },
);

/** The hosts of a ServiceEntry, one service each; the same objects for the same inputs. */
export const entryServices: (entry: ServiceEntry, config: MeshConfig) => readonly MeshService[] = memoize(
  (entry: ServiceEntry, config: MeshConfig): readonly MeshService[] => {
    const { metadata, spec } = entry;
    const common = {
      namespace: metadata.namespace,
      origin: refOf(entry),
      resolution: resolutions[spec.resolution ?? "NONE"],
      // Two prefixes that say the same would be two filter chains for the same connections.
      addresses: [...new Set(spec.addresses?.map(canonicalAddress))],
      ports: (spec.ports ?? []).map(entryPort),
      exportTo: resolveExportTo(spec.exportTo, metadata.namespace, config.defaultServiceExportTo),
      external: spec.location !== "MESH_INTERNAL",
      subjectAltNames: spec.subjectAltNames ?? [],
      ...(metadata.creationTimestamp === undefined ? {} : { createdAt: metadata.creationTimestamp }),
    };
    return spec.hosts.map((host) => ({ ...common, hostname: hostname(host), name: hostname(host) }));
  },
);

const resolutions = {
  NONE: "none",
  STATIC: "static",
  DNS: "dns",
  DNS_ROUND_ROBIN: "dns-round-robin",
  DYNAMIC_DNS: "none",
} as const satisfies Record<string, Resolution>;

function kubernetesResolution({ spec }: Service): Resolution {
  if (spec.type === "ExternalName") return "external-name";
  return spec.clusterIP === "None" ? "headless" : "cluster-ip";
}

function clusterAddresses({ spec }: Service): readonly string[] {
  const own = spec.clusterIPs !== undefined && spec.clusterIPs.length > 0 ? spec.clusterIPs : [spec.clusterIP ?? ""];
  // One that is no address would make Envoy refuse the listeners of every proxy.
  return [...own, ...(spec.externalIPs ?? [])].filter(isIpAddress);
}

/** A port that names no protocol is sniffed; names of ports tell nothing here. */
function entryPort(port: ServiceEntryPort): ServicePort {
  const written = port.protocol === undefined || port.protocol === "" ? undefined : port.protocol;
  return {
    name: port.name,
    number: port.number,
    targetPort: port.targetPort === undefined || port.targetPort === 0 ? port.number : port.targetPort,
    protocol: written === undefined ? protocolOf({ number: port.number }) : protocolOf({ appProtocol: written }),
  };
}
