// Which certificate a connection gets is decided by its server name: a name stands in one server of a port.
import type { Gateway, GatewayServer } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { isEqual } from "../../model/keep.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

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
    for (const [index, { value, path }] of own.entries()) {
      if (!isTls(value)) continue;
      for (const host of items(value.hosts, child(path, "hosts"))) {
        const before = own.slice(0, index).find((other) => isSame(other.value, value, host.value));
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
    }
  },
});

function isTls(server: GatewayServer): boolean {
  return ["HTTPS", "TLS"].includes(server.port.protocol.toUpperCase()) && server.tls?.mode !== "AUTO_PASSTHROUGH";
}

/** Passing TLS on says nothing about certificates: several may, for one name, and the oldest routes. */
function isSame(other: GatewayServer, server: GatewayServer, host: string): boolean {
  if (other.port.number !== server.port.number || (other.bind ?? "") !== (server.bind ?? "") || !isTls(other))
    return false;
  const isPassedOn = [other, server].every(({ tls }) => (tls?.mode ?? "PASSTHROUGH") === "PASSTHROUGH");
  return !isPassedOn && other.hosts.some((written) => plain(written) === plain(host));
}

function plain(host: string): string {
  return host.slice(host.indexOf("/") + 1).toLowerCase();
}

function ownerOf(gateways: readonly Gateway[], server: GatewayServer, host: string): Gateway | undefined {
  return gateways.find(({ spec }) => spec.servers?.some((other) => isSame(other, server, host)));
}
