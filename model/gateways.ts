// What a gateway workload listens on: servers of all Gateways that select it, by port, and the routes bound to them.
import type { Gateway, GatewayServer } from "../api/gateway.ts";
import type { HttpMatch } from "../api/http-route.ts";
import { refOf } from "../api/object.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { bySpecificity, hostsInCommon } from "./host-patterns.ts";
import { hostname, isVisible } from "./hosts.ts";
import { type Kept, keepFor } from "./keep.ts";
import { layerOf, type Protocol, protocolOf } from "./protocol.ts";
import { httpRulesOf, type ResolvedHttpRule } from "./routes.ts";
import { hasLabels } from "./selection.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Workload } from "./workload.ts";

/** One server of a Gateway, with its hosts taken apart. */
export interface BoundServer {
  readonly server: GatewayServer;
  readonly gateway: ObjectRef;
  /** `namespace` says whose VirtualServices count: "*" for all. */
  readonly hosts: readonly { readonly namespace: string; readonly host: string }[];
}

/** A port that a gateway workload listens on. */
export interface GatewayListener {
  /** Where the proxy binds: the target port of the gateway's Service for the servers' port, else that port itself. */
  readonly port: number;
  readonly protocol: Protocol;
  /** Oldest Gateway first. All have the protocol's layer. */
  readonly servers: readonly BoundServer[];
}

/** One virtual host of a gateway's port. */
export interface GatewayHost {
  readonly domains: readonly string[];
  readonly rules: readonly ResolvedHttpRule[];
  /** Plain HTTP is answered with a redirect to HTTPS. */
  readonly httpsRedirect: boolean;
}

/** The ports that a gateway workload listens on, sorted by number; the same as long as nothing in them changed. */
export function gatewayListeners(snapshot: Snapshot, workload: Workload): readonly GatewayListener[] {
  const listeners = new Map<number, { protocol: Protocol; servers: BoundServer[] }>();
  for (const gateway of gatewaysOf(snapshot, workload)) {
    for (const server of gateway.spec.servers ?? []) {
      const port = bindPort(snapshot, workload, server.port.number);
      const protocol = serverProtocol(server);
      const bound = { server, gateway: refOf(gateway), hosts: serverHosts(server, gateway.metadata.namespace) };
      const known = listeners.get(port);
      if (known === undefined) listeners.set(port, { protocol, servers: [bound] });
      // HTTP and TCP cannot share a port: the older Gateway keeps it.
      else if (sharesPort(known.protocol, protocol)) known.servers.push(bound);
    }
  }
  const sorted = [...listeners].map(([port, listener]) => ({ port, ...listener })).toSorted((a, b) => a.port - b.port);
  return keepFor(keptListeners, snapshot.gateways, `${workload.namespace}/${workload.name}`, sorted);
}

/**
 * The virtual hosts of a port: for each host that a server and a VirtualService bound to its Gateway have in common, the
 * rules of all such VirtualServices, oldest first, rules that match everything last. Most specific host first.
 */
export function gatewayHosts(
  snapshot: Snapshot,
  workload: Workload,
  listener: GatewayListener,
): readonly GatewayHost[] {
  const hosts = new Map<string, { rules: ResolvedHttpRule[]; httpsRedirect: boolean }>();
  const hostOf = (name: string) => {
    const known = hosts.get(name) ?? { rules: [], httpsRedirect: false };
    hosts.set(name, known);
    return known;
  };
  for (const bound of listener.servers) {
    const redirects = bound.server.tls?.httpsRedirect === true;
    for (const [host, rules] of boundRules(snapshot, workload, bound)) {
      const entry = hostOf(host);
      entry.rules.push(...rules.filter((rule) => !entry.rules.includes(rule)));
      if (redirects) entry.httpsRedirect = true;
    }
    if (redirects) for (const { host } of bound.hosts) hostOf(host).httpsRedirect = true;
  }
  const found = [...hosts]
    .toSorted(([a], [b]) => bySpecificity(a, b) || (a < b ? -1 : 1))
    .map(([host, { rules, httpsRedirect }]) => ({ domains: [host], rules: catchAllLast(rules), httpsRedirect }));
  const [first] = listener.servers;
  if (first === undefined) return found;
  return keepFor(
    keptHosts,
    first.server,
    `${workload.namespace} ${listener.port} ${JSON.stringify(workload.labels)}`,
    found,
  );
}

const keptListeners: Kept<readonly GatewayListener[]> = new WeakMap();
const keptHosts: Kept<readonly GatewayHost[]> = new WeakMap();

/** Gateways that select a workload, oldest first; one without selector is for every gateway workload. */
export function gatewaysOf(snapshot: Snapshot, workload: Workload): readonly Gateway[] {
  return snapshot.gateways.filter(({ spec }) => hasLabels(workload.labels, spec.selector));
}

/** The protocol of a server's port, read as Gateways name them: HTTP, HTTP2, GRPC, HTTPS, TLS, TCP, MONGO, ... */
export function serverProtocol(server: GatewayServer): Protocol {
  // Only Gateways have a word for HTTP that is on its way to a proxy.
  if (server.port.protocol.toUpperCase() === "HTTP_PROXY") return "http";
  return protocolOf({ appProtocol: server.port.protocol });
}

/** Whether servers of two protocols can stand on one port. */
export function sharesPort(a: Protocol, b: Protocol): boolean {
  const isTls = (protocol: Protocol) => protocol === "https" || protocol === "tls";
  return layerOf(a) === layerOf(b) && isTls(a) === isTls(b);
}

/** A server's hosts with the namespaces that they are for: "./a" is the Gateway's own, "a" and "*\/a" are all. */
export function serverHosts(server: GatewayServer, namespace: string): BoundServer["hosts"] {
  return server.hosts.map((text) => {
    const slash = text.indexOf("/");
    if (slash === -1) return { namespace: "*", host: hostname(text) };
    const written = text.slice(0, slash);
    return { namespace: written === "." ? namespace : written, host: hostname(text.slice(slash + 1)) };
  });
}

function bindPort(snapshot: Snapshot, workload: Workload, number: number): number {
  for (const service of snapshot.servicesOfWorkload.get(`${workload.namespace}/${workload.name}`) ?? []) {
    const port = service.ports.find((candidate) => candidate.number === number);
    if (port === undefined || service.addresses.length === 0) continue;
    if (typeof port.targetPort === "number") return port.targetPort;
    return workload.ports.find(({ name }) => name === port.targetPort)?.number ?? number;
  }
  return number;
}

/** Rules by host for one server, of each VirtualService in turn. */
function boundRules(
  snapshot: Snapshot,
  workload: Workload,
  bound: BoundServer,
): [string, readonly ResolvedHttpRule[]][] {
  const gateway = `${bound.gateway.namespace}/${bound.gateway.name}`;
  const view = { namespace: workload.namespace, labels: workload.labels };
  const found: [string, readonly ResolvedHttpRule[]][] = [];
  for (const owner of snapshot.virtualServices) {
    const { spec, metadata } = owner;
    if (spec.gateways?.includes(gateway) !== true) continue;
    if (!isVisible(spec.exportTo ?? [], metadata.namespace, view.namespace)) continue;
    const hosts = new Set<string>();
    for (const wanted of spec.hosts ?? []) {
      for (const { namespace, host } of bound.hosts) {
        const common = namespace === "*" || namespace === metadata.namespace ? hostsInCommon(host, wanted) : undefined;
        if (common !== undefined) hosts.add(common);
      }
    }
    for (const host of hosts) {
      const query = { view, host: hostname(host), port: bound.server.port.number, gateway };
      const rules = httpRulesOf(snapshot, owner, query);
      if (rules.length > 0) found.push([host, rules]);
    }
  }
  return found;
}

/** Several VirtualServices may share a host; what matches everything in one must not hide the rules of the next. */
function catchAllLast(rules: readonly ResolvedHttpRule[]): readonly ResolvedHttpRule[] {
  const first: ResolvedHttpRule[] = [];
  const last: ResolvedHttpRule[] = [];
  for (const rule of rules) {
    const open = rule.matches.find(isCatchAll);
    if (rule.matches.length === 0) last.push(rule);
    else if (open === undefined) first.push(rule);
    else {
      const narrow = rule.matches.slice(0, rule.matches.indexOf(open));
      if (narrow.length > 0) first.push({ ...rule, matches: narrow });
      last.push({ ...rule, matches: [open] });
    }
  }
  return last.length === 0 ? rules : [...first, ...last];
}

/** Whether a match holds for every request: any path, and nothing else asked. */
export function isCatchAll(match: HttpMatch): boolean {
  const { uri, headers, withoutHeaders, queryParams, method, scheme, authority } = match;
  const anyPath = uri === undefined || uri.prefix === "/" || uri.regex === ".*" || uri.regex === "*";
  const asks = [headers, withoutHeaders, queryParams].some((map) => Object.keys(map ?? {}).length > 0);
  return anyPath && !asks && method === undefined && scheme === undefined && authority === undefined;
}
