// The endpoints behind a service, as far as translation asks: which, and who they are.
import { memoize } from "../base/memo.ts";
import type { Endpoint, MeshService } from "../model/service.ts";
import type { EndpointParts } from "./proxy-context.ts";

/** The endpoints of a service; the same array as long as nothing in it changed. */
export function endpointsOf(snapshot: EndpointParts, service: MeshService): readonly Endpoint[] {
  const { hostname } = service;
  const rival = snapshot.services.get(hostname) !== service;
  return (rival ? snapshot.rivalEndpoints.get(service) : snapshot.endpoints.get(hostname)) ?? none;
}

const none: readonly Endpoint[] = [];

/** The SPIFFE IDs among endpoints, sorted. */
export const identitiesOf = memoize((endpoints: readonly Endpoint[]): readonly string[] =>
  [...new Set(endpoints.flatMap(({ identity }) => identity ?? []))].sort(),
);

/** Whether an endpoint takes mutual TLS on its port: it has a proxy, and nobody switched it off there. */
export function takesMeshTls(endpoint: Endpoint, port: number): boolean {
  return endpoint.meshTls && endpoint.plaintextPorts?.includes(port) !== true;
}
