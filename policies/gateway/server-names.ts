// Which certificate a connection gets is decided by its server name: a name stands in one server of a port.
import type { Gateway, GatewayServer } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { isEqual } from "../../model/keep.ts";
import { type Complaint, rule } from "../rule.ts";
import { items, type Place } from "../virtual-service/walk.ts";

/** A server name is for one server of a port. */
export const sharedNames = rule({
  code: "PIL3009",
  guardsEnvoy: true,
  alias: "IST0145",
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "a host stands in one TLS server of a port",
  *check(candidate, { snapshot }): Iterable<Complaint> {
    const own = items(candidate.spec.servers, jsonPath("spec", "servers"));
    const foreign = snapshot.gateways.filter(
      (stored) =>
        !sameRef(refOf(stored), refOf(candidate)) && isEqual(stored.spec.selector ?? {}, candidate.spec.selector ?? {}),
    );
    const earlier = new Map<string, readonly Place<GatewayServer>[]>();
    for (const { value, path } of own) {
      if (!isTls(value)) continue;
      for (const host of items(value.hosts, child(path, "hosts"))) {
        const before = earlier.get(keyOf(value, host.value))?.find((other) => mayNotShare(other.value, value));
        const stored = before === undefined ? ownerOf(foreign, value, host.value) : undefined;
        if (before === undefined && stored === undefined) continue;
        const where = stored === undefined ? (before?.path ?? "") : refText(refOf(stored));
        yield {
          path: host.path,
          problem: `host "${host.value}" is on port ${value.port.number} in ${where} already`,
          reason: "One connection gets one certificate; Envoy refuses a port that has two for a name",
          fix: "Keep the host in one of them",
          others: stored === undefined ? [] : [refOf(stored)],
        };
      }
      addTo(earlier, { value, path });
    }
  },
});

function isTls(server: GatewayServer): boolean {
  return ["HTTPS", "TLS"].includes(server.port.protocol.toUpperCase()) && server.tls?.mode !== "AUTO_PASSTHROUGH";
}

/** Passing TLS on says nothing about certificates: several may, for one name, and the oldest routes. */
function mayNotShare(a: GatewayServer, b: GatewayServer): boolean {
  return !isPassedOn(a) || !isPassedOn(b);
}

function isPassedOn({ tls }: GatewayServer): boolean {
  return (tls?.mode ?? "PASSTHROUGH") === "PASSTHROUGH";
}

/** A server name on a port. */
function keyOf({ port, bind = "" }: GatewayServer, host: string): string {
  return `${bind} ${port.number} ${host.slice(host.indexOf("/") + 1).toLowerCase()}`;
}

/** The first that passes TLS on and the first that ends it, for each name. */
function addTo(found: Map<string, readonly Place<GatewayServer>[]>, place: Place<GatewayServer>): void {
  const server = place.value;
  for (const host of isTls(server) ? server.hosts : []) {
    const others = found.get(keyOf(server, host)) ?? [];
    if (others.some(({ value }) => isPassedOn(value) === isPassedOn(server))) continue;
    found.set(keyOf(server, host), [...others, place]);
  }
}

const byName = memoize(({ spec }: Gateway): ReadonlyMap<string, readonly Place<GatewayServer>[]> => {
  const found = new Map<string, readonly Place<GatewayServer>[]>();
  for (const place of items(spec.servers, jsonPath("spec", "servers"))) addTo(found, place);
  return found;
});

function ownerOf(gateways: readonly Gateway[], server: GatewayServer, host: string): Gateway | undefined {
  return gateways.find((gateway) =>
    byName(gateway)
      .get(keyOf(server, host))
      ?.some(({ value }) => mayNotShare(value, server)),
  );
}
