import { refOf } from "../../api/object.ts";
import type { VirtualService } from "../../api/virtual-service.ts";
import { child } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { completeHost } from "../../model/hosts.ts";
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
        const other = choosingSubsets(virtualServices).get(full);
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

/** By host, the oldest VirtualService whose rules for calls between pods to that very host name a subset of it. */
const choosingSubsets = memoize((all: readonly ResolvedVirtualService[]): ReadonlyMap<string, VirtualService> => {
  const found = new Map<string, VirtualService>();
  for (const object of all) {
    const { gateways = [], hosts = [], http = [] } = object.spec;
    if (!gateways.includes("mesh")) continue;
    for (const { destination } of http.flatMap(({ route = [] }) => route)) {
      const { host, subset } = destination;
      if (filled(subset) && hosts.includes(host) && !found.has(host)) found.set(host, object);
    }
  }
  return found;
});
