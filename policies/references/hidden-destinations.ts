// Rules that callers follow who do not see where the rules lead: exportTo of the two differ.
import type { ObjectOf } from "../../api/kinds.ts";
import { oneOf } from "../../api/nearest.ts";
import { child } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText } from "../../base/object-ref.ts";
import { resolveExportTo } from "../../model/export-to.ts";
import { completeHost, visibleService } from "../../model/hosts.ts";
import { hasLabels } from "../../model/selection.ts";
import type { Hostname } from "../../model/service.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { gatewayName, isDelegate } from "../../model/virtual-services.ts";
import type { World } from "../../model/world.ts";
import { type Around, type Complaint, rule } from "../rule.ts";
import { gatewaysByName } from "../virtual-service/meetings.ts";
import { destinationsOf, type Place } from "../virtual-service/walk.ts";

/** Whoever follows a rule sees its destinations. */
export const hiddenDestinations = rule({
  code: "PIL3019",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "destinations are exported to all who follow the rules",
  *check(object, around): Iterable<Complaint> {
    const { namespace } = object.metadata;
    const { services, mesh } = around.snapshot;
    if (isDelegate(object)) return;
    const fullName = (host: string) => completeHost(host, namespace, mesh.clusterDomain, (name) => services.has(name));
    for (const { value, path } of destinationsOf(object)) {
      const host = fullName(value.host);
      const service = visibleService(around.snapshot, host, namespace);
      // What the rule's own namespace does not see is PIL2101.
      if (service === undefined || service.exportTo.includes("*")) continue;
      const blind = viewersOf(object, path, around, fullName).filter(
        (viewer) => visibleService(around.snapshot, host, viewer) === undefined,
      );
      if (blind.length === 0) continue;
      const names = oneOf(blind.slice(0, 3));
      yield {
        path: child(path, "host"),
        problem: `callers in ${names} follow these rules, and do not see ${refText(service.origin)}`,
        reason: "Envoy would answer 503 for this route there",
        fix: `Export "${value.host}" to them, too, or the rules only to those who see it`,
        others: [service.origin],
      };
    }
  },
});

/** Namespaces of the proxies that follow a rule. */
function viewersOf(
  object: ObjectOf<"VirtualService">,
  path: Place<unknown>["path"],
  { world, snapshot }: Around,
  fullName: (host: string) => Hostname,
): readonly string[] {
  const { namespace } = object.metadata;
  const { mesh } = snapshot;
  const exportTo = resolveExportTo(object.spec.exportTo, namespace, mesh.config.defaultVirtualServiceExportTo);
  const { gateways, callers } = conditionsOf(object, path);
  const pods = gateways
    .filter((name) => name !== "mesh")
    .flatMap((name) => gatewayNamespaces(snapshot, gatewayName(name, namespace)));
  // Who does not see the host cannot call it, unless it is no service's.
  const hosts = (object.spec.hosts ?? []).map(fullName);
  const canCall = (viewer: string) =>
    hosts.some((host) => !snapshot.services.has(host) || visibleService(snapshot, host, viewer) !== undefined);
  const clients = gateways.includes("mesh") ? namespacesIn(world, snapshot).filter(canCall) : [];
  const all = new Set([...clients.filter((name) => callers?.includes(name) ?? true), ...pods]);
  return [...all].filter((name) => exportTo.includes("*") || exportTo.includes(name)).toSorted();
}

/** Gateways and namespaces of callers that the matches of a rule ask for; undefined: any. */
function conditionsOf({ spec }: ObjectOf<"VirtualService">, path: Place<unknown>["path"]) {
  const [, list = "", index = ""] = /^spec\.(http|tcp|tls)\[(\d+)\]/.exec(path) ?? [];
  const rules = list === "http" ? spec.http : list === "tcp" ? spec.tcp : spec.tls;
  const match = rules?.[Number(index)]?.match ?? [];
  const bound = (spec.gateways?.length ?? 0) === 0 ? ["mesh"] : (spec.gateways ?? []);
  const named = match.map((one) => one.gateways ?? []);
  const gateways = named.length > 0 && named.every((names) => names.length > 0) ? [...new Set(named.flat())] : bound;
  const callers = match.map(({ sourceNamespace = "" }) => sourceNamespace);
  return { gateways, callers: callers.length > 0 && !callers.includes("") ? callers : undefined };
}

/** Namespaces that are there, or have pods. */
const namespacesIn = (world: World, snapshot: Snapshot): readonly string[] => [
  ...new Set([
    ...[...world.objects.Namespace.values()].map(({ metadata }) => metadata.name),
    ...namespacesOfPods(snapshot.workloads),
  ]),
];

const namespacesOfPods = memoize((workloads: Snapshot["workloads"]): readonly string[] => [
  ...new Set([...workloads.values()].map(({ namespace }) => namespace)),
]);

/** Where the pods of a Gateway are. */
const gatewayNamespaces = (snapshot: Snapshot, name: string): readonly string[] => {
  const selector = gatewaysByName(snapshot.gateways).get(name)?.spec.selector;
  if (selector === undefined) return [];
  const pods = [...snapshot.workloads.values()].filter(({ labels }) => hasLabels(labels, selector));
  return [...new Set(pods.map(({ namespace }) => namespace))];
};
