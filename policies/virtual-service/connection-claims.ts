// TLS and TCP rules of VirtualServices as claims on connections: a server name on a port of a gateway. Between two claims
// on the same, order decides; of two server names that are both for a connection, Envoy takes the more specific one.
import type { GatewayServer } from "../../api/gateway.ts";
import type { TcpMatch } from "../../api/virtual-service.ts";
import type { WitnessConnection } from "../../base/finding.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { isCidr, isInPrefix, isIpAddress } from "../../model/authority.ts";
import { serverHosts, serverProtocol } from "../../model/gateways.ts";
import { hostsInCommon, matchesHost } from "../../model/host-patterns.ts";
import { layerOf } from "../../model/protocol.ts";
import { hasLabels } from "../../model/selection.ts";
import type { ResolvedVirtualService, Snapshot } from "../../model/snapshot.ts";
import { gatewaysByName } from "./meetings.ts";
import { items, type Place } from "./walk.ts";

/** One server name, or TCP without any, on one port. */
export interface Claim {
  readonly sort: "tcp" | "tls";
  /** In lower case; "*" stands for any, as for TCP. */
  readonly name: string;
  /** Undefined: any. */
  readonly port: number | undefined;
  readonly match: ConnectionMatch;
  /** The server name, the match of a TCP rule, or the rule that has no matches. */
  readonly path: JsonPath;
  /** The rule. */
  readonly rule: JsonPath;
}

type ConnectionMatch = Pick<
  TcpMatch,
  "port" | "gateways" | "destinationSubnets" | "sourceLabels" | "sourceNamespace"
> & { readonly sniHosts?: readonly string[] };

/**
 * What the rules of a VirtualService claim on a gateway, in order: on each port of it that they act on. Where the
 * Gateway is not there, and in the mesh, on the ports that the rules name themselves.
 */
export const claimsOn = memoize(
  (owner: ResolvedVirtualService, gateways: Snapshot["gateways"], gateway: string): readonly Claim[] =>
    (["tls", "tcp"] as const).flatMap((sort) => {
      const ports = portsOn(owner, gateways, gateway, sort);
      return matchesOf(owner, sort)
        .filter(({ match: { gateways: named = [] } }) => named.length === 0 || named.includes(gateway))
        .flatMap(({ match, path, rule }): readonly Claim[] =>
          portsFor(match, ports).flatMap((port) =>
            namesOf(sort, match, path).map((name) => ({ sort, match, rule, port, name: name.value, path: name.path })),
          ),
        );
    }),
);

/** Whether `older` leaves nothing to `younger`. */
export function coversClaim(older: Claim, younger: Claim): boolean {
  if (older.sort !== younger.sort || older.name !== younger.name) return false;
  if (older.port !== undefined && older.port !== younger.port) return false;
  const { sourceNamespace = "", sourceLabels } = older.match;
  if (sourceNamespace !== "" && sourceNamespace !== younger.match.sourceNamespace) return false;
  if (!hasLabels(younger.match.sourceLabels ?? {}, sourceLabels)) return false;
  const [wide, narrow] = [subnetsOf(older), subnetsOf(younger)];
  if (wide === undefined) return true;
  return narrow?.every((subnet) => wide.some((other) => holdsSubnet(other, subnet))) === true;
}

/** A connection that two claims are for. */
export function sharedConnection(a: Claim, b: Claim): WitnessConnection | undefined {
  const name = hostsInCommon(a.name, b.name);
  if (a.sort !== b.sort || name === undefined || differ(a.port, b.port) || !canShareCaller(a, b)) return undefined;
  const subnet = sharedSubnet(subnetsOf(a), subnetsOf(b));
  if (subnet === "none") return undefined;
  const port = a.port ?? b.port;
  return {
    ...(a.sort === "tls" ? { serverName: nameIn(name) } : {}),
    ...(subnet === "any" ? {} : { address: subnet.replace(/\/.*/, "") }),
    ...(port === undefined ? {} : { port }),
  };
}

/** A match and where it stands. */
interface PlacedMatch {
  readonly match: ConnectionMatch;
  readonly path: JsonPath;
  readonly rule: JsonPath;
}

/** A rule for TCP without matches is for all connections. */
function matchesOf({ spec }: ResolvedVirtualService, sort: Claim["sort"]): readonly PlacedMatch[] {
  const rules = items<{ readonly match?: readonly ConnectionMatch[] }>(spec[sort], jsonPath("spec", sort));
  return rules.flatMap(({ value, path: rule }): readonly PlacedMatch[] => {
    if ((value.match?.length ?? 0) === 0) return [{ match: {}, path: rule, rule }];
    return items(value.match, child(rule, "match")).map(({ value: match, path }) => ({ match, path, rule }));
  });
}

function namesOf(sort: Claim["sort"], match: ConnectionMatch, path: JsonPath): readonly Place<string>[] {
  if (sort === "tcp") return [{ value: "*", path }];
  return items(match.sniHosts, child(path, "sniHosts")).map((name) => ({ ...name, value: name.value.toLowerCase() }));
}

/** Port numbers of the servers whose connections the rules are for; undefined where no Gateway tells. */
function portsOn(
  owner: ResolvedVirtualService,
  gateways: Snapshot["gateways"],
  gateway: string,
  sort: Claim["sort"],
): readonly number[] | undefined {
  const found = gatewaysByName(gateways).get(gateway);
  if (found === undefined) return undefined;
  const { namespace } = found.metadata;
  const ports = (found.spec.servers ?? []).flatMap((server) =>
    isFor(server, sort) && isBound(owner, server, namespace) ? [server.port.number] : [],
  );
  return [...new Set(ports)];
}

function portsFor({ port }: ConnectionMatch, ports: readonly number[] | undefined): readonly (number | undefined)[] {
  if (ports === undefined) return [port];
  return port === undefined ? ports : ports.filter((number) => number === port);
}

/** TLS rules are for TLS that passes through, TCP rules for what is no TLS. */
function isFor(server: GatewayServer, sort: Claim["sort"]): boolean {
  const protocol = serverProtocol(server);
  const isTls = protocol === "https" || protocol === "tls";
  return sort === "tls"
    ? isTls && (server.tls?.mode ?? "PASSTHROUGH") === "PASSTHROUGH"
    : !isTls && layerOf(protocol) === "tcp";
}

function isBound({ spec, metadata }: ResolvedVirtualService, server: GatewayServer, namespace: string): boolean {
  return serverHosts(server, namespace).some(
    (own) =>
      (own.namespace === "*" || own.namespace === metadata.namespace) &&
      (spec.hosts ?? []).some((host) => hostsInCommon(own.host, host) !== undefined),
  );
}

function canShareCaller(a: Claim, b: Claim): boolean {
  if (differ(a.match.sourceNamespace || undefined, b.match.sourceNamespace || undefined)) return false;
  return Object.entries(a.match.sourceLabels ?? {}).every(
    ([name, value]) => !differ(value, b.match.sourceLabels?.[name]),
  );
}

function differ<T>(a: T | undefined, b: T | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}

/** Undefined: any address. What is no network is for none. */
function subnetsOf({ match: { destinationSubnets = [] } }: Claim): readonly string[] | undefined {
  if (destinationSubnets.length === 0) return undefined;
  return destinationSubnets.filter((subnet) => isIpAddress(subnet) || isCidr(subnet));
}

function sharedSubnet(a: readonly string[] | undefined, b: readonly string[] | undefined): string {
  if (a === undefined && b === undefined) return "any";
  if (a === undefined || b === undefined) return a?.[0] ?? b?.[0] ?? "none";
  for (const one of a) {
    for (const other of b) {
      if (holdsSubnet(one, other)) return other;
      if (holdsSubnet(other, one)) return one;
    }
  }
  return "none";
}

function holdsSubnet(wide: string, narrow: string): boolean {
  const [address = "", length = "999"] = narrow.split("/");
  const [, wideLength = "999"] = wide.split("/");
  return Number(length) >= Number(wideLength) && isInPrefix(address, wide);
}

function nameIn(pattern: string): string {
  return pattern === "*" ? "any.example.net" : pattern.replace(/^\*/, "any");
}

/** Whether Envoy takes the one name for all connections that both are for. */
export function isNarrower(name: string, than: string): boolean {
  return name !== than && matchesHost(than, name);
}
