import type { Gateway, GatewayServer } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { sameRef } from "../../base/object-ref.ts";
import { serverProtocol, sharesPort } from "../../model/gateways.ts";
import { hasLabels } from "../../model/selection.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** One port of a gateway speaks HTTP, TLS or TCP: one of them. */
export const portSharing = rule({
  code: "PIL3003",
  guardsEnvoy: true,
  kinds: ["Gateway"],
  enforcement: "deny",
  summary: "servers on one port of a gateway speak protocols that fit together",
  *check(candidate, { snapshot }): Iterable<Complaint> {
    const ref = refOf(candidate);
    const others = snapshot.gateways.filter((stored) => !sameRef(refOf(stored), ref) && sharesPods(stored, candidate));
    const own = new Map<string, readonly GatewayServer[]>();
    for (const { value, path } of items(candidate.spec.servers, jsonPath("spec", "servers"))) {
      const earlier = own.get(socketOf(value))?.find((server) => clashes(server, value));
      addTo(own, value);
      const foreign = others.find((other) =>
        bySocket(other)
          .get(socketOf(value))
          ?.some((one) => clashes(one, value)),
      );
      const place = child(path, "port", "protocol");
      const reason = "The first bytes of a connection cannot be read in both ways";
      const fix = "Use another port number, or the same protocol";
      if (earlier !== undefined) {
        yield {
          path: place,
          problem: `port ${value.port.number} is ${value.port.protocol} here and ${earlier.port.protocol} in an earlier server`,
          reason,
          fix,
        };
      } else if (foreign !== undefined) {
        const { namespace, name } = foreign.metadata;
        yield {
          path: place,
          problem: `port ${value.port.number} is ${value.port.protocol} here, and another protocol in Gateway ${namespace}/${name} for the same pods`,
          reason,
          fix,
          others: [refOf(foreign)],
        };
      }
    }
  },
});

/** The first server of each protocol, by where they listen: there may be thousands on one port. */
const bySocket = memoize(({ spec }: Gateway): ReadonlyMap<string, readonly GatewayServer[]> => {
  const found = new Map<string, readonly GatewayServer[]>();
  for (const server of spec.servers ?? []) addTo(found, server);
  return found;
});

function addTo(found: Map<string, readonly GatewayServer[]>, server: GatewayServer): void {
  const others = found.get(socketOf(server)) ?? [];
  if (others.some((other) => other.port.protocol === server.port.protocol)) return;
  found.set(socketOf(server), [...others, server]);
}

function socketOf({ port, bind = "" }: GatewayServer): string {
  return `${bind} ${port.number}`;
}

function clashes(a: GatewayServer, b: GatewayServer): boolean {
  if (a.port.number !== b.port.number || (a.bind ?? "") !== (b.bind ?? "") || a.port.number === 0) return false;
  return !sharesPort(serverProtocol(a), serverProtocol(b));
}

/** Pods of one are pods of the other when neither asks for a label that the other gives another value. */
function sharesPods(a: Gateway, b: Gateway): boolean {
  const [left, right] = [a.spec.selector ?? {}, b.spec.selector ?? {}];
  return Object.keys(left).length === Object.keys(right).length && hasLabels(right, left);
}
