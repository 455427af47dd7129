// What a host name means: short forms, wildcards, and which service a client means by an authority.

import { memoize } from "../base/memo.ts";
import { isIpAddress, withoutPort } from "./authority.ts";
import { matchesHost } from "./host-patterns.ts";
import { groupBy } from "./keep.ts";
import type { Hostname, MeshService } from "./service.ts";
import type { ServiceParts, Snapshot, Viewpoint } from "./snapshot.ts";

/**
 * The full name of a host in a rule of `namespace`: "reviews" in "shop" gives "reviews.shop.svc.cluster.local".
 * A host with a dot, an address and "*" are returned as they are, in lower case.
 * @see https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
 */
export function resolveHost(host: string, namespace: string, clusterDomain: string): Hostname {
  const lower = host.toLowerCase();
  const complete = lower.includes(".") || lower.includes(":") || lower.startsWith("*");
  return hostname(complete ? lower : `${lower}.${namespace}.svc.${clusterDomain}`);
}

/**
 * Like {@link resolveHost}, but "reviews.shop" and "reviews.shop.svc" are completed where that names a service.
 * @param exists - whether a service has this full name.
 */
export function completeHost(
  host: string,
  namespace: string,
  clusterDomain: string,
  exists: (host: Hostname) => boolean,
): Hostname {
  const resolved = resolveHost(host, namespace, clusterDomain);
  if (exists(resolved)) return resolved;
  const longer = longerForms(resolved, clusterDomain).find(exists);
  return longer ?? resolved;
}

/** Brand constructor: a full host name is in lower case and has no dot at its end. */
export function hostname(host: string): Hostname {
  const lower = host.toLowerCase();
  return (lower.endsWith(".") ? lower.slice(0, -1) : lower) as Hostname;
}

/** Whether something of `ownerNamespace` that is exported so is seen from `namespace`. An empty list exports to all. */
export function isVisible(exportTo: readonly string[], ownerNamespace: string, namespace: string): boolean {
  if (exportTo.length === 0) return true;
  return exportTo.some(
    (entry) => entry === "*" || entry === namespace || (entry === "." && ownerNamespace === namespace),
  );
}

/**
 * The service that has exactly this full name, as seen from a namespace. Where several claim the host, a Kubernetes
 * Service wins, then one of the own namespace, then the oldest.
 */
export function visibleService(snapshot: ServiceParts, host: Hostname, namespace: string): MeshService | undefined {
  const first = snapshot.services.get(host);
  if (first === undefined) return undefined;
  const rivals = snapshot.rivals.get(host);
  if (rivals === undefined) return sees(first, namespace) ? first : undefined;
  const seen = [first, ...rivals].filter((service) => sees(service, namespace));
  return (
    seen.find((service) => service.origin.kind === "Service") ??
    seen.find((service) => service.namespace === namespace) ??
    seen[0]
  );
}

/**
 * The service that a client means by the authority of a request (or a TCP address): with or without port, in any short
 * form and any case, by virtual address, by the name of a pod of a headless Service, or through the most specific
 * wildcard host. Undefined when it sees none.
 */
export function serviceFor(snapshot: ServiceParts, view: Viewpoint, authority: string): MeshService | undefined {
  const name = withoutPort(authority).toLowerCase();
  if (isIpAddress(name)) {
    const service = snapshot.servicesByAddress.get(name);
    return service !== undefined && sees(service, view.namespace) ? service : undefined;
  }
  const full = hostname(name);
  for (const form of fullForms(snapshot, view, full)) {
    const service = visibleService(snapshot, form, view.namespace);
    if (service !== undefined) return behindAlias(snapshot, service, view.namespace);
  }
  return headlessAbove(snapshot, view, full) ?? wildcardService(snapshot, full, view.namespace);
}

/** The full names that a client may mean by a name, as its DNS search path would complete it. */
function fullForms(snapshot: ServiceParts, view: Viewpoint, name: Hostname): readonly Hostname[] {
  const domain = snapshot.mesh.clusterDomain;
  return name.includes(".") ? [name, ...longerForms(name, domain)] : [name, resolveHost(name, view.namespace, domain)];
}

/** The headless Service of a pod that is called by its own name: "db-0.db.shop" stands below "db.shop". */
function headlessAbove(snapshot: ServiceParts, view: Viewpoint, host: Hostname): MeshService | undefined {
  const dot = host.indexOf(".");
  if (dot === -1) return undefined;
  return fullForms(snapshot, view, hostname(host.slice(dot + 1)))
    .map((form) => visibleService(snapshot, form, view.namespace))
    .find((service) => service?.resolution === "headless");
}

/** How many ExternalNames may follow one another; DNS servers give up at about as many. */
const longestAliasChain = 8;

/** The service that an ExternalName of the cluster stands for; the ExternalName itself when it leads outside. */
export function behindAlias(snapshot: ServiceParts, service: MeshService, namespace: string): MeshService {
  let target = service;
  for (let length = 0; target.externalName !== undefined && target.resolution === "external-name"; length++) {
    const next = visibleService(snapshot, hostname(target.externalName), namespace);
    if (next === undefined || length === longestAliasChain) return service;
    target = next;
  }
  return target;
}

/** All domains by which a client in `namespace` may call a service, full name first, addresses last, without ports. */
export function namesOf(snapshot: ServiceParts, service: MeshService, namespace: string): readonly string[] {
  const names: string[] = [service.hostname];
  const suffix = `.${snapshot.mesh.clusterDomain}`;
  if (service.origin.kind === "Service") {
    const short = `${service.name}.${service.namespace}`;
    names.push(service.hostname.slice(0, -suffix.length), short);
    if (service.namespace === namespace) names.push(service.name);
  }
  for (const alias of aliasesOf(snapshot.services).get(service.hostname) ?? []) {
    names.push(...namesOf(snapshot, alias, namespace));
  }
  for (const address of service.addresses) {
    if (!address.includes("/")) names.push(address.includes(":") ? `[${address}]` : address);
  }
  return names;
}

/** ExternalNames by the host that they stand for; one that stands for itself is none. */
const aliasesOf = memoize((services: Snapshot["services"]) =>
  groupBy(
    [...services.values()].filter(
      ({ externalName, resolution, hostname: own }) =>
        resolution === "external-name" && externalName !== undefined && isSettled(services, own),
    ),
    ({ externalName }) => hostname(externalName ?? ""),
  ),
);

/** Whether following ExternalNames from here comes to an end. */
function isSettled(services: Snapshot["services"], from: Hostname): boolean {
  let service = services.get(from);
  for (let length = 0; length <= longestAliasChain; length++) {
    if (service?.externalName === undefined || service.resolution !== "external-name") return true;
    service = services.get(hostname(service.externalName));
  }
  return false;
}

/** "reviews.shop" and "reviews.shop.svc" with what DNS search paths would add. */
function longerForms(host: Hostname, clusterDomain: string): Hostname[] {
  if (host.startsWith("*") || isIpAddress(host)) return [];
  const labels = host.split(".").length;
  if (host.endsWith(".svc") && labels >= 3) return [hostname(`${host}.${clusterDomain}`)];
  return labels === 2 ? [hostname(`${host}.svc.${clusterDomain}`)] : [];
}

function wildcardService(snapshot: ServiceParts, host: Hostname, namespace: string): MeshService | undefined {
  for (let dot = host.indexOf("."); dot !== -1; dot = host.indexOf(".", dot + 1)) {
    const pattern = hostname(`*${host.slice(dot)}`);
    const service = matchesHost(pattern, host) ? visibleService(snapshot, pattern, namespace) : undefined;
    if (service !== undefined) return service;
  }
  return visibleService(snapshot, hostname("*"), namespace);
}

function sees(service: MeshService, namespace: string): boolean {
  return isVisible(service.exportTo, service.namespace, namespace);
}
