// TLS and TCP rules of several VirtualServices on one gateway: a connection has nothing but server name and port to tell them.

import { refOf } from "../../api/object.ts";
import type { TcpMatch, TlsMatch } from "../../api/virtual-service.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { oldestFirst } from "../../model/age.ts";
import type { ResolvedVirtualService } from "../../model/snapshot.ts";
import { resolveCandidate } from "../../model/virtual-services.ts";
import { type Complaint, rule } from "../rule.ts";
import { neighboursOf } from "./meetings.ts";
import { items, type Place } from "./walk.ts";

/** The first chain for a server name, or for a port without any, gets its connections. */
export const takenConnections = rule({
  code: "PIL3105",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "connections of a rule are not taken by rules of an older VirtualService on the same gateway",
  *check(object, { world, snapshot }): Iterable<Complaint> {
    if ((object.spec.tls?.length ?? 0) + (object.spec.tcp?.length ?? 0) === 0) return;
    const candidate = resolveCandidate(object, world, snapshot);
    if (candidate === undefined) return;
    for (const { other, meetings } of neighboursOf(snapshot, candidate)) {
      if (oldestFirst(other, candidate) >= 0) continue;
      for (const gateway of new Set(meetings.map((meeting) => meeting.gateway))) {
        yield* takenNames(candidate, other, gateway);
        yield* takenPorts(candidate, other, gateway);
      }
    }
  },
});

function* takenNames(own: ResolvedVirtualService, other: ResolvedVirtualService, gateway: string): Iterable<Complaint> {
  const theirs = matchesOf("tls", other, gateway);
  for (const { value, path } of matchesOf("tls", own, gateway)) {
    for (const { value: name, path: place } of items(value.sniHosts, child(path, "sniHosts"))) {
      const taker = theirs.find((their) => their.value.sniHosts?.includes(name) === true && covers(their.value, value));
      if (taker !== undefined) yield taken(place, `server name "${name}" on gateway ${gateway}`, other, taker);
    }
  }
}

function* takenPorts(own: ResolvedVirtualService, other: ResolvedVirtualService, gateway: string): Iterable<Complaint> {
  const theirs = matchesOf("tcp", other, gateway);
  for (const { value, path } of matchesOf("tcp", own, gateway)) {
    const taker = theirs.find((their) => covers(their.value, value));
    const port = value.port === undefined ? "all ports" : `port ${value.port}`;
    if (taker !== undefined) yield taken(path, `${port} of gateway ${gateway}`, other, taker);
  }
}

type Match = Pick<TcpMatch, "port" | "destinationSubnets" | "gateways"> & { readonly sniHosts?: TlsMatch["sniHosts"] };

/** What the rules of one sort match on a gateway; a TCP rule without matches is for all connections. */
function matchesOf(sort: "tcp" | "tls", { spec }: ResolvedVirtualService, gateway: string): readonly Place<Match>[] {
  return items<{ readonly match?: readonly Match[] }>(spec[sort], jsonPath("spec", sort))
    .flatMap(({ value, path }): readonly Place<Match>[] =>
      (value.match?.length ?? 0) === 0 ? [{ value: {}, path }] : items(value.match, child(path, "match")),
    )
    .filter(({ value: { gateways = [] } }) => gateways.length === 0 || gateways.includes(gateway));
}

function covers(older: Match, younger: Match): boolean {
  const isAnywhere = (older.destinationSubnets?.length ?? 0) === 0;
  return isAnywhere && (older.port === undefined || older.port === younger.port);
}

function taken(path: Place<Match>["path"], what: string, other: ResolvedVirtualService, by: Place<Match>): Complaint {
  const owner = refOf(other);
  return {
    path,
    problem: `${what} is taken by ${refText(owner)} (${by.path})`,
    reason: `A connection is for one of the two: the older, ${owner.name}, would always win`,
    fix: "Move the rules into one object, or take another name or port",
    others: [owner],
  };
}
