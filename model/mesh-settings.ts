// Settings of the whole mesh: the configuration that the user wrote, and the address ranges of the cluster.
import type { ConfigMap } from "../api/config-map.ts";
import { defaultMeshConfig, type MeshConfig, meshConfigMap, parseMeshConfig } from "../api/mesh-config.ts";
import type { Node } from "../api/node.ts";
import { hasErrors } from "../base/finding.ts";
import { memoize } from "../base/memo.ts";
import { isCidr, isInPrefix, isIpAddress, prefixOf } from "./authority.ts";
import { keepEqual } from "./keep.ts";
import type { MeshSettings } from "./snapshot.ts";
import { lookUp, type World } from "./world.ts";

/** The mesh configuration of a world. One that cannot be read leaves `previous` in force. */
export function meshConfigOf(world: World, previous?: MeshConfig): MeshConfig {
  const map = lookUp(world, meshConfigMap.kind, meshConfigMap.namespace, meshConfigMap.name);
  if (map?.data[meshConfigMap.key] === undefined) return defaultMeshConfig;
  const config = parsed(map);
  return config === undefined ? (previous ?? defaultMeshConfig) : keepEqual(previous, config);
}

/** Settings from the configuration and the addresses that are in use; pods are given by address, nodes with their ranges. */
export function meshSettings(
  config: MeshConfig,
  addresses: {
    readonly services: readonly string[];
    readonly pods: ReadonlyMap<string, unknown>;
    readonly nodes: ReadonlyMap<string, Node>;
  },
  previous: MeshSettings | undefined,
): MeshSettings {
  const { serviceCidrs, clusterDomain } = config.pillion;
  const servicePrefixes = serviceCidrs.length > 0 ? serviceCidrs.toSorted() : servicePrefixesOf(addresses.services);
  return keepEqual(previous, {
    clusterDomain,
    trustDomain: config.trustDomain,
    rootNamespace: config.rootNamespace,
    config,
    servicePrefixes: keepEqual(previous?.servicePrefixes, servicePrefixes),
    podPrefixes: keepEqual(previous?.podPrefixes, podPrefixesOf(addresses.pods, nodePrefixesOf(addresses.nodes))),
  });
}

/**
 * Lengths of the prefixes that stand for the addresses seen. They are written into every listener, so a new one replaces
 * all listeners of the mesh. Services have a range of their own and lie scattered in it, hence the wide prefixes; pods
 * share networks with machines outside of the mesh.
 */
const serviceLengths = { ipv4: 16, ipv6: 112 };
const podLengths = { ipv4: 24, ipv6: 64 };
/** Where nodes have ranges for their pods, these are cut from one for the cluster: the next node's is in it, too. */
const clusterLengths = { ipv4: 16, ipv6: 56 };

const servicePrefixesOf = memoize((addresses: readonly string[]) => prefixes(addresses, serviceLengths));
const podPrefixesOf = memoize((pods: ReadonlyMap<string, unknown>, ofNodes: readonly string[]) => {
  const elsewhere = prefixes(pods.keys(), podLengths).filter(
    (prefix) => !ofNodes.some((wide) => contains(wide, prefix)),
  );
  return [...new Set([...ofNodes, ...elsewhere])].toSorted();
});

/** The ranges of the cluster that nodes have theirs from, sorted. The same list as long as none comes or goes. */
const nodePrefixesOf = memoize((nodes: ReadonlyMap<string, Node>): readonly string[] => {
  const ranges = [...nodes.values()].flatMap(({ spec }) => spec.podCIDRs ?? []).filter(isCidr);
  return [...new Set(ranges.map(widened))].toSorted();
});

function widened(range: string): string {
  const [network = "", length] = range.split("/");
  return prefixOf(network, Math.min(Number(length), network.includes(":") ? clusterLengths.ipv6 : clusterLengths.ipv4));
}

function contains(wide: string, prefix: string): boolean {
  return isInPrefix(prefix.slice(0, prefix.indexOf("/")), wide);
}

/** The networks that hold the addresses, sorted. */
function prefixes(addresses: Iterable<string>, { ipv4, ipv6 }: typeof podLengths): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (const address of addresses) {
    // Thousands of pods are in few networks, and no prefix here is longer than what stands before the last dot.
    const network = address.slice(0, Math.max(0, address.lastIndexOf(".")));
    if (seen.has(network) || !isIpAddress(address)) continue;
    if (network !== "") seen.add(network);
    found.add(prefixOf(address, address.includes(":") ? ipv6 : ipv4));
  }
  return [...found].toSorted();
}

/** Undefined when it cannot be read. */
const parsed = memoize((map: ConfigMap): MeshConfig | undefined => {
  const { config, findings } = parseMeshConfig(map.data[meshConfigMap.key] ?? "");
  return hasErrors(findings) ? undefined : config;
});
