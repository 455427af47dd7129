// What the rules of a VirtualService are for, and what the servers of its Gateways take.
import type { Gateway, GatewayServer } from "../../api/gateway.ts";
import type { VirtualService } from "../../api/virtual-service.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { serverHosts, serverProtocol } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { layerOf } from "../../model/protocol.ts";
import { gatewayName, isDelegate } from "../../model/virtual-services.ts";
import { lookUp, type World } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** A rule is reached by way of a server that carries its sort of traffic, on the port that it asks for. */
export const unservedRules = rule({
  code: "PIL2118",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "a Gateway has a server for each rule that is bound to it",
  *check(object, { world }): Iterable<Complaint> {
    if (isDelegate(object)) return;
    const servers = new Map<string, readonly GatewayServer[] | undefined>();
    const serversOf = (gateway: string) => {
      if (!servers.has(gateway)) servers.set(gateway, boundServers(object, gateway, world));
      return servers.get(gateway);
    };
    for (const { sort, port, gateways, path } of claimsOf(object)) {
      const found = gateways.map(serversOf);
      // In the mesh there are no servers, and a Gateway that is not there or serves other hosts is a finding of its own.
      if (found.some((list) => list === undefined || list.length === 0)) continue;
      const all = found.flatMap((list) => list ?? []);
      const fitting = all.filter((server) => takes(server, sort));
      if (fitting.some((server) => port === undefined || server.port.number === port)) continue;
      yield {
        path,
        problem: `no server of ${gateways.join(" or ")} takes ${traffic[sort]}${port === undefined ? "" : ` on port ${port}`}`,
        reason: "The rule is never reached",
        fix: remedy(sort, fitting),
        others: gateways.map((gateway) => {
          const [namespace = "", name = ""] = gateway.split("/");
          return { kind: "Gateway", namespace, name };
        }),
      };
    }
  },
});

const sorts = ["http", "tls", "tcp"] as const;
type Sort = (typeof sorts)[number];

const traffic: Readonly<Record<Sort, string>> = {
  http: "requests",
  tls: "TLS that is passed on unopened",
  tcp: "bytes",
};

const fitFor: Readonly<Record<Sort, string>> = {
  http: "HTTP, or HTTPS and tls.mode SIMPLE",
  tls: "TLS and tls.mode PASSTHROUGH",
  tcp: "TCP, or TLS and tls.mode SIMPLE",
};

function remedy(sort: Sort, fitting: readonly GatewayServer[]): string {
  const ports = [...new Set(fitting.map(({ port }) => port.number))];
  if (ports.length > 0) return `Write port: ${ports.join(" or ")}, or add a server for that port`;
  return `Add a server of protocol ${fitFor[sort]}, or write the rule for what the servers take`;
}

/** A match, or a rule that has none. */
interface Claim {
  readonly sort: Sort;
  readonly port: number | undefined;
  /** Full names of the gateways that it is for. */
  readonly gateways: readonly string[];
  readonly path: JsonPath;
}

interface Written {
  readonly match?: readonly { readonly port?: number; readonly gateways?: readonly string[] }[];
}

function claimsOf({ metadata, spec }: VirtualService): readonly Claim[] {
  const full = (names: readonly string[]) => [...new Set(names.map((name) => gatewayName(name, metadata.namespace)))];
  const all = full(spec.gateways ?? []);
  if (all.length === 0) return [];
  return sorts.flatMap((sort) =>
    items<Written>(spec[sort], jsonPath("spec", sort)).flatMap(({ value, path }): readonly Claim[] => {
      const matches = items(value.match, child(path, "match"));
      if (matches.length === 0) return [{ sort, port: undefined, gateways: all, path }];
      return matches.map(({ value: { port = 0, gateways = [] }, path: place }) => ({
        sort,
        port: port === 0 ? undefined : port,
        gateways: gateways.length === 0 ? all : full(gateways),
        path: place,
      }));
    }),
  );
}

/** The servers of a Gateway that have a host of the VirtualService; undefined for the mesh, and where there is no Gateway. */
function boundServers({ metadata, spec }: VirtualService, gateway: string, world: World) {
  const [namespace = "", name = ""] = gateway.split("/");
  const found: Gateway | undefined = gateway === "mesh" ? undefined : lookUp(world, "Gateway", namespace, name);
  return found?.spec.servers?.filter((server) =>
    serverHosts(server, namespace).some(
      (own) =>
        (own.namespace === "*" || own.namespace === metadata.namespace) &&
        (spec.hosts ?? []).some((host) => hostsInCommon(own.host, host.toLowerCase()) !== undefined),
    ),
  );
}

/** What comes out of a server: of TLS that it opens, requests or bytes; of TLS that it passes on, connections by name. */
function takes(server: GatewayServer, sort: Sort): boolean {
  const protocol = serverProtocol(server);
  if (layerOf(protocol) === "http") return sort === "http";
  if (protocol !== "https" && protocol !== "tls") return sort === "tcp";
  const { mode = "PASSTHROUGH" } = server.tls ?? {};
  if (mode === "PASSTHROUGH" || mode === "AUTO_PASSTHROUGH") return sort === "tls";
  return sort === (protocol === "https" ? "http" : "tcp");
}
