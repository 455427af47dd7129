// Rules for other people's services.
import type { ObjectOf } from "../../api/kinds.ts";
import { jsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { completeHost } from "../../model/hosts.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { isForMesh } from "../virtual-service/gateways.ts";

/** What is exported speaks for callers everywhere: for its own namespace's hosts that is expected. */
export const foreignRules = rule({
  code: "PIL3016",
  kinds: ["VirtualService", "DestinationRule"],
  enforcement: "warn",
  summary: "exported rules are for hosts of their own namespace",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { namespace } = object.metadata;
    if (isLocal(object, snapshot)) return;
    for (const { host, path } of hostsOf(object)) {
      const { services, mesh } = snapshot;
      const owner = services.get(completeHost(host, namespace, mesh.clusterDomain, (name) => services.has(name)));
      if (owner?.origin.kind !== "Service" || owner.namespace === namespace) continue;
      yield {
        path,
        problem: `host "${host}" is ${refText(owner.origin)}, of another namespace, and the rules are exported`,
        reason: `Callers in other namespaces follow what "${namespace}" says about it`,
        fix: `Write exportTo: ["."] for callers here, or move the object to namespace "${owner.namespace}"`,
        others: [owner.origin],
      };
    }
  },
});

type Ruling = ObjectOf<"VirtualService" | "DestinationRule">;

/** Whether only the object's own namespace follows it. A DestinationRule counts elsewhere only beside its service. */
function isLocal(object: Ruling, { mesh }: Snapshot): boolean {
  const { namespace } = object.metadata;
  if (object.kind === "DestinationRule") return namespace !== mesh.rootNamespace;
  if (!isForMesh(object.spec.gateways)) return true;
  const exportTo = resolveExportTo(object.spec.exportTo, namespace, mesh.config.defaultVirtualServiceExportTo);
  return exportTo.every((name) => name === namespace || name === "~");
}

function hostsOf(object: Ruling) {
  if (object.kind === "DestinationRule") return [{ host: object.spec.host, path: jsonPath("spec", "host") }];
  return (object.spec.hosts ?? []).map((host, index) => ({ host, path: jsonPath("spec", "hosts", index) }));
}
