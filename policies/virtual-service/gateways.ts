// Which proxies apply the rules, and for which hosts.
import { child, jsonPath } from "../../base/json-path.ts";
import { resolveHost } from "../../model/hosts.ts";
import { hostFault } from "../common/names.ts";
import { type Complaint, rule } from "../rule.ts";
import { connectionMatchesOf, httpMatchesOf, items } from "./walk.ts";

/** Names of gateways are "mesh", "name" or "namespace/name". */
export const gatewayNames = rule({
  code: "PIL1207",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "gateways are named as mesh, name or namespace/name",
  *check(object): Iterable<Complaint> {
    const lists = [
      { value: object.spec, path: jsonPath("spec") },
      ...httpMatchesOf(object),
      ...connectionMatchesOf(object),
    ];
    for (const { value, path } of lists.flatMap((list) => items(list.value.gateways, child(list.path, "gateways")))) {
      const parts = value.split("/");
      const good = parts.length <= 2 && parts.every((part) => hostFault(part, { wildcard: false }) === undefined);
      if (good) continue;
      yield {
        path,
        problem: `"${value}" is no name of a gateway`,
        reason: "No Gateway could have it",
        fix: "Write mesh, the name of a Gateway of this namespace, or namespace/name",
      };
    }
  },
});

/** Sidecars know their hosts: a rule for every host would be a rule for the whole mesh. */
export const wildcardOnMesh = rule({
  code: "PIL1208",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: 'the host "*" is for gateways only',
  *check({ spec }): Iterable<Complaint> {
    if (!isForMesh(spec.gateways)) return;
    for (const { value, path } of items(spec.hosts, jsonPath("spec", "hosts"))) {
      if (value !== "*") continue;
      yield {
        path,
        problem: 'the host "*" is bound to the gateway "mesh"',
        reason: "It would take over every call of every sidecar",
        fix: "Name hosts, or name a Gateway in spec.gateways",
      };
    }
  },
});

/** Hosts of one object do not overlap: the same request would have two virtual hosts. */
export const overlappingHosts = rule({
  code: "PIL1209",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "hosts of one VirtualService do not overlap",
  *check({ metadata, spec }, { snapshot }): Iterable<Complaint> {
    const hosts = (spec.hosts ?? []).map((host) => resolveHost(host, metadata.namespace, snapshot.mesh.clusterDomain));
    for (const [index, other] of overlapsAmong(hosts)) {
      yield {
        path: jsonPath("spec", "hosts", index),
        problem: `host "${spec.hosts?.[index]}" overlaps with "${spec.hosts?.[other]}"`,
        reason: "The rules would be the same twice for some hosts",
        fix: "Keep one of the two",
      };
    }
  },
});

/** Claims of JSON Web Tokens are known at gateways only. */
export const claimsOnMesh = rule({
  code: "PIL1210",
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "claims are matched at gateways only",
  *check(object): Iterable<Complaint> {
    if (!isForMesh(object.spec.gateways)) return;
    for (const { value, path } of httpMatchesOf(object)) {
      for (const field of ["headers", "withoutHeaders"] as const) {
        for (const name of Object.keys(value[field] ?? {}).filter((header) => header.startsWith("@request.auth."))) {
          yield {
            path: child(path, field, name),
            problem: `the claim "${name}" is matched in sidecars`,
            reason: "Routes by claims are chosen at gateways only",
            fix: "Name a Gateway in spec.gateways and leave mesh out",
          };
        }
      }
    }
  },
});

/** Whether sidecars apply the rules. */
export function isForMesh(gateways: readonly string[] | undefined): boolean {
  return gateways === undefined || gateways.length === 0 || gateways.includes("mesh");
}

/**
 * By index, the earlier host that a host overlaps with. Each host looks for the patterns that would cover it, because an object may
 * have tens of thousands and nobody waits for every pair of them.
 */
function overlapsAmong(hosts: readonly string[]): ReadonlyMap<number, number> {
  const first = new Map<string, number>();
  for (const [index, host] of hosts.entries()) if (!first.has(host)) first.set(host, index);
  const found = new Map<number, number>();
  const note = (one: number | undefined, two: number): void => {
    if (one === undefined || one === two) return;
    const [earlier, later] = [Math.min(one, two), Math.max(one, two)];
    found.set(later, Math.min(earlier, found.get(later) ?? earlier));
  };
  for (const [index, host] of hosts.entries()) {
    note(first.get(host), index);
    for (let from = 1; from <= host.length; from += 1) note(first.get(`*${host.slice(from)}`), index);
  }
  return new Map([...found].toSorted(([a], [b]) => a - b));
}
