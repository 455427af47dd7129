import { jsonPath } from "../../base/json-path.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { hostname } from "../../model/hosts.ts";
import { type Complaint, rule } from "../rule.ts";

/** The host of a Service belongs to its namespace: others could take its calls away. */
export const foreignHosts = rule({
  code: "PIL3004",
  kinds: ["ServiceEntry"],
  enforcement: "deny",
  summary: "an exported ServiceEntry leaves the hosts of other namespaces' Services alone",
  *check({ metadata, spec }, { snapshot }): Iterable<Complaint> {
    const exportTo = resolveExportTo(spec.exportTo, metadata.namespace, snapshot.mesh.config.defaultServiceExportTo);
    if (exportTo.every((namespace) => namespace === metadata.namespace || namespace === "~")) return;
    for (const [index, host] of spec.hosts.entries()) {
      const owner = snapshot.services.get(hostname(host));
      if (owner?.origin.kind !== "Service" || owner.namespace === metadata.namespace) continue;
      yield {
        path: jsonPath("spec", "hosts", index),
        problem: `host "${host}" belongs to Service ${owner.namespace}/${owner.name}`,
        reason: "Callers of that Service could be led elsewhere, by whoever may write here",
        fix: `Take the host away, write exportTo: ["."], or create the ServiceEntry in namespace "${owner.namespace}"`,
        others: [owner.origin],
      };
    }
  },
});
