// A host that more than one object says what it is.

import { refOf } from "../../api/object.ts";
import type { ServiceEntry } from "../../api/service-entry.ts";
import { jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { hostname } from "../../model/hosts.ts";
import { groupBy } from "../../model/keep.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { World } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";

/** Callers follow one object for a host, as a whole. */
export const rivalHosts = rule({
  code: "PIL3020",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "a host stands in one ServiceEntry, and not in one beside a Service",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    const { namespace } = object.metadata;
    const exportTo = exportsOf(object, snapshot);
    for (const [index, host] of object.spec.hosts.entries()) {
      const path = jsonPath("spec", "hosts", index);
      const service = snapshot.services.get(hostname(host));
      const fix = "Write it all into one object, or limit exportTo of both to different namespaces";
      if (service?.origin.kind === "Service") {
        // Denied by PIL3004 where it is another namespace's.
        if (service.namespace !== namespace || service.resolution === "external-name") continue;
        const problem = `host "${host}" is that of ${refText(service.origin)}`;
        const reason = "Callers follow the Service: this object does not act for the host";
        yield { path, problem, reason, fix: "Take the host away, or the Service", others: [service.origin] };
        continue;
      }
      const other = (entriesByHost(world.objects.ServiceEntry).get(hostname(host)) ?? []).find(
        (stored) => !sameRef(refOf(stored), refOf(object)) && canMeet(exportsOf(stored, snapshot), exportTo),
      );
      if (other === undefined) continue;
      const isTogether = other.metadata.namespace === namespace;
      yield {
        path,
        problem: `${refText(refOf(other))} is for host "${host}", too`,
        reason: isTogether
          ? "Callers follow the older of the two: ports and endpoints of the other do not act"
          : "Callers beside one of the two follow that one, all others the older: they are not merged",
        fix,
        others: [refOf(other)],
      };
    }
  },
});

const entriesByHost = memoize((entries: World["objects"]["ServiceEntry"]) => {
  const claims = [...entries.values()].flatMap((entry) =>
    [...new Set(entry.spec.hosts.map(hostname))].map((host) => ({ host, entry })),
  );
  const groups = groupBy(claims, ({ host }) => host);
  return new Map([...groups].map(([host, group]) => [host, group.map(({ entry }) => entry)]));
});

function exportsOf({ metadata, spec }: ServiceEntry, { mesh }: Snapshot): readonly string[] {
  return resolveExportTo(spec.exportTo, metadata.namespace, mesh.config.defaultServiceExportTo);
}

/** Whether some namespace sees both. */
function canMeet(a: readonly string[], b: readonly string[]): boolean {
  if (a.includes("~") || b.includes("~")) return false;
  return a.includes("*") || b.includes("*") || a.some((namespace) => b.includes(namespace));
}
