import type { ObjectOf } from "../../api/kinds.ts";
import { refOf } from "../../api/object.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { sameRef } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { matchesHost } from "../../model/host-patterns.ts";
import { completeHost, hostname } from "../../model/hosts.ts";
import { virtualServicesNaming } from "../../model/routes.ts";
import type { MeshService } from "../../model/service.ts";
import type { ResolvedVirtualService, Snapshot } from "../../model/snapshot.ts";
import { isDelegate, resolveCandidate } from "../../model/virtual-services.ts";
import { type Around, type Complaint, rule } from "../rule.ts";
import { claimsOn, sharedConnection } from "./connection-claims.ts";
import { isForMesh } from "./gateways.ts";
import { matchesOn } from "./meetings.ts";
import { mostPairs, requestFor } from "./witnesses.ts";

/**
 * A host has one VirtualService for sidecars in each namespace that sees it: they are not merged, the oldest wins.
 * Gateways merge them, so hosts of gateways are not looked at here.
 */
export const oneForMeshHost = rule({
  code: "PIL3001",
  alias: "IST0109",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "one VirtualService for a host on the mesh",
  *check(object, around): Iterable<Complaint> {
    const { metadata, spec } = object;
    const { snapshot } = around;
    if (isDelegate(object) || !isForMesh(spec.gateways)) return;
    const ref = refOf(object);
    const exportTo = resolveExportTo(
      spec.exportTo,
      metadata.namespace,
      snapshot.mesh.config.defaultVirtualServiceExportTo,
    );
    for (const [index, host] of (spec.hosts ?? []).entries()) {
      const full = completeHost(host, metadata.namespace, snapshot.mesh.clusterDomain, (name) =>
        snapshot.services.has(name),
      );
      const other = virtualServicesNaming(snapshot, full).find(
        (stored) =>
          !sameRef(refOf(stored), ref) &&
          stored.spec.gateways?.includes("mesh") === true &&
          sharesLayer(stored, object) &&
          isSeenTogether(
            { namespace: stored.metadata.namespace, exportTo: stored.spec.exportTo ?? [] },
            { namespace: metadata.namespace, exportTo },
          ),
      );
      if (other === undefined) continue;
      const { namespace, name } = other.metadata;
      yield {
        path: jsonPath("spec", "hosts", index),
        problem: `host "${host}" has rules in VirtualService ${namespace}/${name} already`,
        reason: "Sidecars follow only one of the two, the older; rules of this one would never act",
        fix: `Add your rules to ${namespace}/${name}, or limit exportTo of both to different namespaces`,
        others: [refOf(other)],
        ...witnessOf(object, other, full, around),
      };
    }
  },
});

/** HTTP rules of one and TCP rules of the other do not meet. */
function sharesLayer(a: ResolvedVirtualService, b: Parameters<typeof isDelegate>[0]): boolean {
  return (["http", "tcp", "tls"] as const).some(
    (list) => (a.spec[list]?.length ?? 0) > 0 && (b.spec[list]?.length ?? 0) > 0,
  );
}

interface Exported {
  readonly namespace: string;
  readonly exportTo: readonly string[];
}

/**
 * Whether some namespace sees both with the same right. There, what only that namespace sees of its own goes before what
 * several are named for, and this before what all see: exceptions are meant.
 */
function isSeenTogether(a: Exported, b: Exported): boolean {
  if (a.exportTo.includes("*") || b.exportTo.includes("*")) return a.exportTo.includes("*") && b.exportTo.includes("*");
  return a.exportTo.some((namespace) => b.exportTo.includes(namespace) && isOwn(a, namespace) === isOwn(b, namespace));
}

function isOwn(exported: Exported, namespace: string): boolean {
  return exported.namespace === namespace && exported.exportTo.length === 1;
}

/** A request to the host. A wildcard that covers services stands for those, and services are called by a port of theirs. */
function witnessOf(
  object: ObjectOf<"VirtualService">,
  other: ResolvedVirtualService,
  host: string,
  { world, snapshot }: Around,
): Pick<Complaint, "witness" | "connection"> {
  const candidate = resolveCandidate(object, world, snapshot);
  if (candidate === undefined) return {};
  if ((candidate.spec.http?.length ?? 0) === 0) return connectionOf(candidate, other, snapshot);
  const service = serviceIn(snapshot, host);
  const isOnWebPort = service === undefined || service.ports.some(({ number }) => number === 80);
  const name = service?.hostname ?? host.replace(/^\*\.?/, "any.");
  const authority = isOnWebPort ? name : `${name}:${service.ports[0]?.number ?? 80}`;
  return requestFor(matchesOn(candidate, "mesh"), matchesOn(other, "mesh"), authority);
}

/** The Kubernetes Service of a host, or one of those that a wildcard covers. */
function serviceIn({ services }: Snapshot, host: string): MeshService | undefined {
  const isMeant = (service: MeshService) => !service.hostname.startsWith("*") && service.origin.kind === "Service";
  const found = services.get(hostname(host));
  if (!host.startsWith("*")) return found !== undefined && isMeant(found) ? found : undefined;
  for (const service of services.values()) {
    if (matchesHost(host, service.hostname) && isMeant(service)) return service;
  }
  return undefined;
}

/** The same for rules of TLS and TCP. */
const connectionOf = memoize(
  (
    own: ResolvedVirtualService,
    other: ResolvedVirtualService,
    { gateways }: Snapshot,
  ): Pick<Complaint, "connection"> => {
    const theirs = claimsOn(other, gateways, "mesh").slice(0, mostPairs);
    for (const claim of claimsOn(own, gateways, "mesh").slice(0, mostPairs)) {
      for (const their of theirs) {
        const connection = sharedConnection(their, claim);
        if (connection !== undefined) return { connection };
      }
    }
    return {};
  },
);
