import { refOf } from "../../api/object.ts";
import type { VirtualService } from "../../api/virtual-service.ts";
import { child } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { completeHost } from "../../model/hosts.ts";
import { indexBy } from "../../model/index-by.ts";
import type { ResolvedVirtualService } from "../../model/snapshot.ts";
import { filled } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf, items } from "./walk.ts";

/** Rules of the mesh are for calls between pods: a gateway goes by its own rules, whatever subsets those choose. */
export const meshSubsets = rule({
  code: "PIL3202",
  alias: "IST0140",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "a gateway's route says the subset that the mesh's rules for its host choose",
  *check(object, { snapshot }): Iterable<Complaint> {
    if (!isForGatewaysOnly(object)) return;
    const { services, mesh, virtualServices } = snapshot;
    for (const { value, path } of httpRulesOf(object)) {
      for (const route of items(value.route, child(path, "route"))) {
        const { host, subset } = route.value.destination;
        if (filled(subset)) continue;
        const full = completeHost(host, object.metadata.namespace, mesh.clusterDomain, (name) => services.has(name));
        const other = choosingSubsets(virtualServices, full)[0];
        if (other === undefined || sameRef(refOf(other), refOf(object))) continue;
        yield {
          path: child(route.path, "destination"),
          problem: `no subset of "${host}" is named, and ${refText(refOf(other))} chooses one for calls between pods`,
          reason: "Requests through the gateway do not see those rules, and go to all endpoints",
          fix: "Name the subset here, too",
          others: [refOf(other)],
        };
      }
    }
  },
});

function isForGatewaysOnly({ spec }: VirtualService): boolean {
  const gateways = spec.gateways ?? [];
  return gateways.length > 0 && !gateways.includes("mesh");
}

/** By host, the VirtualServices whose rules for calls between pods to that very host name a subset of it, oldest first. */
const choosingSubsets = indexBy<ResolvedVirtualService>(({ spec: { gateways = [], hosts = [], http = [] } }) => {
  if (!gateways.includes("mesh")) return [];
  const destinations = http.flatMap(({ route = [] }) => route).map(({ destination }) => destination);
  return destinations.filter(({ host, subset }) => filled(subset) && hosts.includes(host)).map(({ host }) => host);
});
