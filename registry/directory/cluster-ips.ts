// Virtual addresses for Services that nobody gave one, as an API server would.
import type { Service } from "../../api/service.ts";
import { type ObjectKey, objectKey } from "../../model/world.ts";

/**
 * An address for each Service that has none and wants one. It depends on namespace and name alone, so that it is the same
 * after a restart; only when two Services meet on one address, the later in order of "namespace/name" takes the next free one.
 */
export function assignClusterIps(services: Iterable<Service>): ReadonlyMap<ObjectKey, string> {
  const all = [...services];
  const taken = new Set(all.flatMap(({ spec }) => (spec.clusterIP === undefined ? [] : [spec.clusterIP])));
  const wanting = all.filter(wantsClusterIp).map(({ metadata }) => objectKey(metadata.namespace, metadata.name));
  const assigned = new Map<ObjectKey, string>();
  for (const key of wanting.sort()) {
    const first = hash(key) % size;
    for (let step = 0; step < size; step++) {
      const address = addressOf((first + step) % size);
      if (taken.has(address)) continue;
      taken.add(address);
      assigned.set(key, address);
      break;
    }
  }
  return assigned;
}

/** Whether an API server would give this Service an address. */
function wantsClusterIp({ spec }: Service): boolean {
  return (spec.clusterIP ?? "") === "" && spec.type !== "ExternalName";
}

/** The same Service with that address. */
export function withClusterIp(service: Service, clusterIP: string): Service {
  return { ...service, spec: { ...service.spec, clusterIP, clusterIPs: [clusterIP] } };
}

/** The first 16 addresses are left out: by custom some are the API server's and the name server's. So is the last. */
const firstHost = 16;
const size = 65_536 - firstHost - 1;

function addressOf(index: number): string {
  const host = index + firstHost;
  return `10.96.${Math.floor(host / 256)}.${host % 256}`;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}
