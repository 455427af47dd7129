// The hosts that a Sidecar lets a workload call.
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { dnsLabel, hostFault } from "../common/names.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Egress hosts are namespace/host. */
export const egressHosts = rule({
  code: "PIL1703",
  kinds: ["Sidecar"],
  enforcement: "deny",
  summary: "egress hosts are namespace/host",
  *check({ spec }): Iterable<Complaint> {
    for (const egress of items(spec.egress, jsonPath("spec", "egress"))) {
      const list = child(egress.path, "hosts");
      const fix = "Write namespace/host, such as ./*, shop/reviews.shop.svc.cluster.local or */*";
      if (egress.value.hosts.length === 0) {
        yield complaint(list, "there are no hosts", "The listener would lead nowhere", fix);
      }
      for (const { value, path } of items(egress.value.hosts, list)) {
        const fault = egressFault(value);
        if (fault !== undefined) yield complaint(path, `"${value}" ${fault}`, "No host could be meant", fix);
      }
    }
  },
});

/** Hosts that other hosts of the list cover add nothing. */
export const repeatedHosts = rule({
  code: "PIL1706",
  kinds: ["Sidecar"],
  enforcement: "warn",
  summary: "egress hosts are not covered by others of the same listener",
  *check({ metadata, spec }): Iterable<Complaint> {
    // "./a" is a host of the Sidecar's own namespace.
    const full = (host: string): string => host.replace(/^\.\//, `${metadata.namespace}/`);
    for (const egress of items(spec.egress, jsonPath("spec", "egress"))) {
      const hosts = items(egress.value.hosts, child(egress.path, "hosts"));
      const first = new Map<string, number>();
      for (const [index, { value }] of hosts.entries()) if (!first.has(full(value))) first.set(full(value), index);
      for (const [index, { value, path }] of hosts.entries()) {
        const cover = coversOf(full(value)).find((wide) => (first.get(wide) ?? index) !== index);
        const other = hosts[first.get(cover ?? "") ?? -1];
        if (other !== undefined) yield repeated(value, other.value, path);
      }
    }
  },
});

function repeated(host: string, cover: string, path: JsonPath): Complaint {
  const problem = host === cover ? `"${host}" is there twice` : `"${host}" is among "${cover}"`;
  return complaint(path, problem, "It adds nothing", "Take it away");
}

function egressFault(written: string): string | undefined {
  const slash = written.indexOf("/");
  if (slash === -1) return "names no namespace";
  const namespace = written.slice(0, slash);
  const host = written.slice(slash + 1);
  if (namespace === "" || host === "") return "has an empty half";
  if (!["*", ".", "~"].includes(namespace) && !(dnsLabel.test(namespace) && namespace.length <= 63)) {
    return `has the namespace "${namespace}", which cannot be`;
  }
  if (host === "*") return undefined;
  if (host.startsWith("*") && !host.startsWith("*.")) return "has a * that is no whole label";
  if (!host.includes(".")) return "has a short name, and needs a full one";
  return hostFault(host, { wildcard: true });
}

/** What covers a host: everything, all of its namespace, or the same said earlier. */
function coversOf(host: string): readonly string[] {
  const namespace = host.slice(0, host.indexOf("/"));
  return ["*/*", ...(namespace === "~" ? [] : [`${namespace}/*`]), host];
}
