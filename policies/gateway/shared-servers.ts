import type { Gateway } from "../../api/gateway.ts";
import { refOf } from "../../api/object.ts";
import { child, jsonPath } from "../../base/json-path.ts";
import { refText, sameRef } from "../../base/object-ref.ts";
import { serverHosts } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
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
        const same = (other.spec.servers ?? []).find(
          (server) =>
            server.port.number === value.port.number &&
            serverHosts(server, other.metadata.namespace).some((their) =>
              hosts.some(({ host }) => hostsInCommon(host, their.host) !== undefined),
            ),
        );
        if (same === undefined) continue;
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

/** The same selector, or pods that both select. */
function sharesPods(snapshot: Snapshot, a: Gateway, b: Gateway): boolean {
  const [left, right] = [a.spec.selector ?? {}, b.spec.selector ?? {}];
  const text = (selector: Readonly<Record<string, string>>) => JSON.stringify(Object.entries(selector).toSorted());
  if (text(left) === text(right)) return true;
  return [...snapshot.workloads.values()].some(({ labels }) => hasLabels(labels, left) && hasLabels(labels, right));
}
