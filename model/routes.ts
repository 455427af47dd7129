// Which rules of VirtualServices apply to a call. "Who would win" is decided here, for translation, policies and
// `pillion route` alike.
import type { HttpMatch, HttpRoute, HttpRouteDestination } from "../api/http-route.ts";
import type { RouteDestination, TcpMatch, TcpRoute, TlsMatch, TlsRoute } from "../api/virtual-service.ts";
import { type JsonPath, jsonPath } from "../base/json-path.ts";
import { memoize } from "../base/memo.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { resolveDestinations, resolveMirrors } from "./destinations.ts";
import { bySpecificity, matchesHost } from "./host-patterns.ts";
import { isVisible, visibleService } from "./hosts.ts";
import { indexBy } from "./index-by.ts";
import { type Kept, keepFor } from "./keep.ts";
import { hasLabels } from "./selection.ts";
import type { Hostname, MeshService } from "./service.ts";
import type { ResolvedVirtualService, RouteParts, Snapshot, Viewpoint } from "./snapshot.ts";

/** One place that a rule sends to. */
export interface ResolvedDestination {
  readonly host: Hostname;
  /** Undefined when the caller sees no such service. */
  readonly service: MeshService | undefined;
  readonly port: number;
  readonly subset?: string;
  /** In relation to the sum over the rule; a single destination has 100. */
  readonly weight: number;
  readonly spec: HttpRouteDestination | RouteDestination;
}

/** A place that gets copies. */
export interface ResolvedMirror {
  readonly destination: ResolvedDestination;
  /** 0 (exclusive) to 100. */
  readonly percent: number;
}

/** An HTTP rule as it applies to one caller, host and port. */
export interface ResolvedHttpRule {
  /** Those that can hold for this gateway, port and caller; empty matches everything. */
  readonly matches: readonly HttpMatch[];
  readonly spec: HttpRoute;
  readonly destinations: readonly ResolvedDestination[];
  readonly mirrors: readonly ResolvedMirror[];
  /** The port that is called. */
  readonly port: number;
  readonly origin: ObjectRef;
  readonly path: JsonPath;
}

/** A TCP rule as it applies to one caller, host and port. */
export interface ResolvedTcpRule {
  /** Those that can hold; empty matches everything. Only `destinationSubnets` is left to be matched. */
  readonly matches: readonly TcpMatch[];
  readonly spec: TcpRoute;
  readonly destinations: readonly ResolvedDestination[];
  readonly origin: ObjectRef;
  readonly path: JsonPath;
}

/** A rule for TLS connections that are not opened. */
export interface ResolvedTlsRule {
  /** Those that can hold, at least one; `sniHosts` and `destinationSubnets` are left to be matched. */
  readonly matches: readonly TlsMatch[];
  readonly spec: TlsRoute;
  readonly destinations: readonly ResolvedDestination[];
  readonly origin: ObjectRef;
  readonly path: JsonPath;
}

/** Which call the rules are for. */
export interface RouteQuery {
  readonly view: Viewpoint;
  /** Full host that is called. */
  readonly host: Hostname;
  /** Port that is called; at a gateway the server's port number. */
  readonly port: number;
  /** "mesh" or the "namespace/name" of a Gateway. */
  readonly gateway: string;
}

/**
 * The HTTP rules for a call, the first match wins. Empty when no VirtualService has any: then the service itself is the
 * route. Of several VirtualServices the one with the most specific host wins, then one that only the caller's namespace
 * sees, then the oldest. The same array as long as nothing in it changed.
 */
export function httpRules(snapshot: RouteParts, query: RouteQuery): readonly ResolvedHttpRule[] {
  if (query.gateway === "mesh" && !isRoutable(snapshot, query)) return [];
  return firstRules(snapshot, query, (owner) => httpRulesOf(snapshot, owner, query));
}

/** The TCP rules for a call; empty when no VirtualService has any. */
export function tcpRules(snapshot: RouteParts, query: RouteQuery): readonly ResolvedTcpRule[] {
  return firstRules(snapshot, query, (owner) => tcpRulesOf(snapshot, owner, query));
}

/** The TLS rules for a call; empty when no VirtualService has any. */
export function tlsRules(snapshot: RouteParts, query: RouteQuery): readonly ResolvedTlsRule[] {
  return firstRules(snapshot, query, (owner) => tlsRulesOf(snapshot, owner, query));
}

/** All HTTP rules of one VirtualService that apply to a call, whatever others there are. */
export function httpRulesOf(
  snapshot: RouteParts,
  owner: ResolvedVirtualService,
  query: RouteQuery,
): readonly ResolvedHttpRule[] {
  const rules: ResolvedHttpRule[] = [];
  for (const [index, spec] of (owner.spec.http ?? []).entries()) {
    const source = owner.httpSources[index];
    const matches = (spec.match ?? []).filter((match) => holdsFor(match, query));
    if (source === undefined || ((spec.match?.length ?? 0) > 0 && matches.length === 0)) continue;
    const destinations = resolveDestinations(snapshot, spec.route ?? [], query);
    const mirrors = resolveMirrors(snapshot, spec, query);
    rules.push({ matches, spec, destinations, mirrors, port: query.port, ...source });
    // Nothing after a rule that matches everything is ever reached.
    if (matches.length === 0) break;
  }
  return keepFor(keptHttp, owner, queryKey(owner, query), rules);
}

/** VirtualServices that have rules for a host at a gateway and are seen from a namespace, the winner first. */
export function virtualServicesFor(
  snapshot: RouteParts,
  query: Omit<RouteQuery, "port">,
): readonly ResolvedVirtualService[] {
  const { namespace } = query.view;
  const found: ResolvedVirtualService[] = [];
  for (const pattern of patternsFor(snapshot, query)) {
    const owners = ownersByHost(snapshot.virtualServices, pattern);
    const seen = owners.filter(
      (owner) =>
        isVisible(owner.spec.exportTo ?? [], owner.metadata.namespace, namespace) && isFor(owner, query.gateway),
    );
    found.push(...seen.toSorted((a, b) => reach(a, namespace) - reach(b, namespace)));
  }
  return found;
}

/** All VirtualServices that name exactly this full host or wildcard, oldest first. */
export function virtualServicesNaming(
  { virtualServices }: Pick<RouteParts, "virtualServices">,
  host: string,
): readonly ResolvedVirtualService[] {
  return ownersByHost(virtualServices, host);
}

/** Without a service behind it a host is routed on port 80 only, where any name may be called. */
function isRoutable(snapshot: RouteParts, { host, port, view }: RouteQuery): boolean {
  if (port === 80) return true;
  return visibleService(snapshot, host, view.namespace) !== undefined || host.startsWith("*");
}

function firstRules<R>(
  snapshot: RouteParts,
  query: RouteQuery,
  rulesOf: (owner: ResolvedVirtualService) => readonly R[],
): readonly R[] {
  for (const owner of virtualServicesFor(snapshot, query)) {
    const rules = rulesOf(owner);
    if (rules.length > 0) return rules;
  }
  return none;
}

const none: readonly never[] = [];

/** All TCP rules of one VirtualService that apply to a call, whatever others there are. */
export function tcpRulesOf(
  snapshot: RouteParts,
  owner: ResolvedVirtualService,
  query: RouteQuery,
): readonly ResolvedTcpRule[] {
  const rules = (owner.spec.tcp ?? []).flatMap((spec, index) => {
    const matches = (spec.match ?? []).filter((match) => holdsForConnection(match, query));
    if ((spec.match?.length ?? 0) > 0 && matches.length === 0) return [];
    const destinations = resolveDestinations(snapshot, spec.route ?? [], query);
    return [{ matches, spec, destinations, ...sourceOf(owner, "tcp", index) }];
  });
  return keepFor(keptTcp, owner, queryKey(owner, query), rules);
}

/** All TLS rules of one VirtualService that apply to a call, whatever others there are. */
export function tlsRulesOf(
  snapshot: RouteParts,
  owner: ResolvedVirtualService,
  query: RouteQuery,
): readonly ResolvedTlsRule[] {
  const rules = (owner.spec.tls ?? []).flatMap((spec, index) => {
    const matches = spec.match.filter((match) => holdsForConnection(match, query));
    if (matches.length === 0) return [];
    const destinations = resolveDestinations(snapshot, spec.route ?? [], query);
    return [{ matches, spec, destinations, ...sourceOf(owner, "tls", index) }];
  });
  return keepFor(keptTls, owner, queryKey(owner, query), rules);
}

function sourceOf(owner: ResolvedVirtualService, list: "tcp" | "tls", index: number) {
  const { namespace, name } = owner.metadata;
  return { origin: { kind: owner.kind, namespace, name }, path: jsonPath("spec", list, index) };
}

/** Whether the conditions hold that are known before there is a request. */
function holdsFor(match: HttpMatch, { view, port, gateway }: RouteQuery): boolean {
  if (match.port !== undefined && match.port !== port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0) {
    if (!match.gateways.includes(gateway)) return false;
    // A gateway that is named takes requests from anywhere; labels and namespace are about pods of the mesh.
    if (gateway !== "mesh") return true;
  }
  return isCaller(match, view);
}

function holdsForConnection(match: TcpMatch | TlsMatch, { view, port, gateway }: RouteQuery): boolean {
  if (match.port !== undefined && match.port !== port) return false;
  if (match.gateways !== undefined && match.gateways.length > 0 && !match.gateways.includes(gateway)) return false;
  return isCaller(match, view);
}

function isCaller(match: Pick<HttpMatch, "sourceLabels" | "sourceNamespace">, view: Viewpoint): boolean {
  if (match.sourceNamespace !== undefined && match.sourceNamespace !== "" && match.sourceNamespace !== view.namespace) {
    return false;
  }
  return hasLabels(view.labels, match.sourceLabels);
}

/**
 * The host itself and the wildcards that cover it, most specific first. In sidecars a wildcard that covers services
 * stands for those services, not for other names below it.
 */
function patternsFor(snapshot: RouteParts, { host, gateway, view }: Omit<RouteQuery, "port">): readonly string[] {
  const covering = wildcardsOf(snapshot.virtualServices).filter(
    (pattern) => pattern !== host && matchesHost(pattern, host),
  );
  const isOwnHost = gateway !== "mesh" || visibleService(snapshot, host, view.namespace) !== undefined;
  return [host, ...(isOwnHost ? covering : covering.filter((pattern) => !coversService(snapshot.services, pattern)))];
}

const coversService = memoize((services: Snapshot["services"], pattern: string): boolean =>
  [...services.keys()].some((host) => matchesHost(pattern, host)),
);

const ownersByHost = indexBy<ResolvedVirtualService>(({ spec }) => spec.hosts ?? []);

/** All wildcards that VirtualServices name, most specific first. */
function wildcardsOf(all: readonly ResolvedVirtualService[]): readonly string[] {
  return wildcardsIn(withWildcards(all, "*"));
}

const withWildcards = indexBy<ResolvedVirtualService>(({ spec }) =>
  spec.hosts?.some((host) => host.startsWith("*")) === true ? ["*"] : [],
);

const wildcardsIn = memoize((owners: readonly ResolvedVirtualService[]): readonly string[] =>
  [...new Set(owners.flatMap(({ spec }) => spec.hosts ?? []).filter((host) => host.startsWith("*")))].toSorted(
    bySpecificity,
  ),
);

function isFor(owner: ResolvedVirtualService, gateway: string): boolean {
  return owner.spec.gateways?.includes(gateway) ?? gateway === "mesh";
}

/** 0: only the caller's own namespace sees it; 1: named namespaces; 2: all. Narrower rules go before wider ones. */
function reach(owner: ResolvedVirtualService, namespace: string): number {
  const exportTo = owner.spec.exportTo ?? [];
  if (exportTo.length === 0 || exportTo.includes("*")) return 2;
  return exportTo.length === 1 && owner.metadata.namespace === namespace && exportTo[0] === namespace ? 0 : 1;
}

const keptHttp: Kept<readonly ResolvedHttpRule[]> = new WeakMap();
const keptTcp: Kept<readonly ResolvedTcpRule[]> = new WeakMap();
const keptTls: Kept<readonly ResolvedTlsRule[]> = new WeakMap();

/** What the rules of a VirtualService depend on beside itself and the services. */
function queryKey(owner: ResolvedVirtualService, { gateway, port, view }: RouteQuery): string {
  return `${gateway} ${port} ${view.namespace} ${usesLabels(owner) ? JSON.stringify(view.labels) : ""}`;
}

const usesLabels = memoize((owner: ResolvedVirtualService): boolean =>
  [...(owner.spec.http ?? []), ...(owner.spec.tcp ?? []), ...(owner.spec.tls ?? [])].some((rule) =>
    rule.match?.some((match) => match.sourceLabels !== undefined),
  ),
);
