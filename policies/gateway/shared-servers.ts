import type { Gateway } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { memoize } from "../../base/memo.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { serverHosts } from "../../model/gateways.ts";
import { fromEnd, hostsInCommon } from "../../model/host-patterns.ts";
import { groupBy } from "../../model/keep.ts";
import { indexByPrefix, type PrefixIndex } from "../../model/prefix-index.ts";
import { hasLabels } from "../../model/selection.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Two Gateways that open the same port of the same pods for one host have to be read together. */
export const sharedServers = rule({
  code: "PIL3017",
  alias: "IST0145",
  kinds: ["Gateway"],
  enforcement: "warn",
  summary: "a host on a port of a gateway stands in one Gateway",
  *check(candidate, { snapshot }): Iterable<Complaint> {
    const own = items(candidate.spec.servers, jsonPath("spec", "servers"));
    for (const other of snapshot.gateways) {
      if (sameRef(refOf(other), refOf(candidate)) || !sharesPods(snapshot, other, candidate)) continue;
      for (const { value, path } of own) {
        const hosts = serverHosts(value, candidate.metadata.namespace);
        const theirs = namesByPort(other).get(value.port.number);
        if (theirs === undefined || !hosts.some(({ host }) => hasInCommon(theirs, host))) continue;
        yield {
          path: child(path, "hosts"),
          problem: `${refText(refOf(other))} opens port ${value.port.number} of the same pods for hosts of this server`,
          reason: "VirtualServices bound to either of them are mixed there, and TLS is the older one's",
          fix: "Keep the hosts in one of the two",
          others: [refOf(other)],
        };
      }
    }
  },
});

/** What a Gateway's servers are for, by port. Names are compared from their ends, where wildcards differ least. */
const namesByPort = memoize(({ spec, metadata }: Gateway): ReadonlyMap<number, PrefixIndex<string>> => {
  const names = (spec.servers ?? []).flatMap((server) =>
    serverHosts(server, metadata.namespace).map(({ host }) => ({ port: server.port.number, host })),
  );
  const groups = groupBy(names, ({ port }) => port);
  return new Map(
    [...groups].map(([port, group]) => {
      const hosts = [...new Set(group.map(({ host }) => host))];
      return [port, indexByPrefix<string>(hosts, fromEnd)];
    }),
  );
});

function hasInCommon({ above, below }: PrefixIndex<string>, host: string): boolean {
  const text = fromEnd(host);
  return [above, below].some((find) => find(text).some((their) => hostsInCommon(host, their) !== undefined));
}

/** The same selector, or pods that both select. */
function sharesPods(snapshot: Snapshot, a: Gateway, b: Gateway): boolean {
  const [left, right] = [a.spec.selector ?? {}, b.spec.selector ?? {}];
  const text = (selector: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(selector).toSorted());
  if (text(left) === text(right)) return true;
  return [...snapshot.workloads.values()].some(({ labels }) => hasLabels(labels, left) && hasLabels(labels, right));
}
