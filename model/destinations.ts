// Where a rule sends to: services, ports and shares of its destinations and mirrors.
import type { Destination, HttpRoute, HttpRouteDestination } from "../api/http-route.ts";
import type { RouteDestination } from "../api/virtual-service.ts";
import { behindAlias, hostname, visibleService } from "./hosts.ts";
import type { ResolvedDestination, ResolvedMirror } from "./routes.ts";
import type { MeshService } from "./service.ts";
import type { ServiceParts, Viewpoint } from "./snapshot.ts";

/** Who calls which port. */
interface Call {
  readonly view: Viewpoint;
  readonly port: number;
}

/** The destinations of a rule. Of several, those with weight 0 get nothing and are left out. */
export function resolveDestinations(
  snapshot: ServiceParts,
  list: readonly (HttpRouteDestination | RouteDestination)[],
  call: Call,
): readonly ResolvedDestination[] {
  const taking = list.length === 1 ? list : list.filter((spec) => (spec.weight ?? 0) > 0);
  return taking.map((spec) => resolveDestination(snapshot, spec, taking.length === 1 ? 100 : (spec.weight ?? 0), call));
}

/** Where a rule sends copies to. */
export function resolveMirrors(snapshot: ServiceParts, rule: HttpRoute, call: Call): readonly ResolvedMirror[] {
  const old = rule.mirror === undefined ? [] : [{ destination: rule.mirror, percent: mirrorPercent(rule) }];
  const all = [
    ...old,
    ...(rule.mirrors ?? []).map((mirror) => ({ ...mirror, percent: percentOf(mirror.percentage?.value, mirror) })),
  ];
  return all
    .filter(({ percent }) => percent > 0)
    .map(({ destination, percent }) => ({
      destination: resolveDestination(snapshot, { destination }, 100, call),
      percent,
    }));
}

/** A rule without percentage mirrors everything; a percentage without value is 0, as in protobuf. */
function mirrorPercent(rule: HttpRoute): number {
  if (rule.mirrorPercentage !== undefined) return rule.mirrorPercentage.value ?? 0;
  return rule.mirrorPercent ?? 100;
}

function percentOf(value: number | undefined, mirror: { readonly percentage?: unknown }): number {
  return mirror.percentage === undefined ? 100 : (value ?? 0);
}

function resolveDestination(
  snapshot: ServiceParts,
  spec: HttpRouteDestination | RouteDestination,
  weight: number,
  call: Call,
): ResolvedDestination {
  const { subset } = spec.destination;
  const { namespace } = call.view;
  const named = visibleService(snapshot, hostname(spec.destination.host), namespace);
  const service = named === undefined ? undefined : behindAlias(snapshot, named, namespace);
  const host = service?.hostname ?? hostname(spec.destination.host);
  const port = portOf(spec.destination, service, call.port);
  return { host, service, port, ...(subset === undefined || subset === "" ? {} : { subset }), weight, spec };
}

/** The port that is written; else the only one of the service; else the one that the caller asks for. */
function portOf(destination: Destination, service: MeshService | undefined, called: number): number {
  const only = service?.ports.length === 1 ? service.ports[0] : undefined;
  return destination.port?.number ?? only?.number ?? called;
}
