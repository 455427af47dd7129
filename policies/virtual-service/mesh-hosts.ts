import { refOf } from "../../api/object.ts";
import type { WitnessRequest } from "../../base/finding.ts";
import { jsonPath } from "../../base/json-path.ts";
import { sameRef } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { completeHost } from "../../model/hosts.ts";
import { virtualServicesNaming } from "../../model/routes.ts";
import type { ResolvedVirtualService } from "../../model/snapshot.ts";
import { isDelegate } from "../../model/virtual-services.ts";
import { type Complaint, rule } from "../rule.ts";
import { isForMesh } from "./gateways.ts";

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
  *check(object, { snapshot }): Iterable<Complaint> {
    const { metadata, spec } = object;
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
          isSeenTogether(stored.spec.exportTo ?? [], exportTo),
      );
      if (other === undefined) continue;
      const { namespace, name } = other.metadata;
      yield {
        path: jsonPath("spec", "hosts", index),
        problem: `host "${host}" has rules in VirtualService ${namespace}/${name} already`,
        reason: "Sidecars follow only one of the two, the older; rules of this one would never act",
        fix: `Add your rules to ${namespace}/${name}, or limit exportTo of both to different namespaces`,
        others: [refOf(other)],
        ...witnessOf(full),
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

/**
 * Whether some namespace sees both with the same right. One that only its own namespace sees is an exception to one
 * that all see, and goes first there: that is meant.
 */
function isSeenTogether(a: readonly string[], b: readonly string[]): boolean {
  if (a.includes("*") || b.includes("*")) return a.includes("*") && b.includes("*");
  return a.some((namespace) => b.includes(namespace));
}

function witnessOf(host: string): { readonly witness: WitnessRequest } {
  const authority = host.replace(/^\*\.?/, "any.");
  return { witness: { method: "GET", authority, path: "/", headers: {} } };
}
