import { child, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Plain TCP names no host: an address tells hosts apart. */
export const addressless = rule({
  code: "PIL1505",
  alias: "IST0134",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "hosts with TCP ports have addresses",
  *check({ spec }, { snapshot }): Iterable<Complaint> {
    const { proxyMetadata } = snapshot.mesh.config.defaultConfig;
    const isAllocated = ["ISTIO_META_DNS_CAPTURE", "ISTIO_META_DNS_AUTO_ALLOCATE"].every(
      (name) => proxyMetadata[name] === "true",
    );
    if ((spec.addresses?.length ?? 0) > 0 || isAllocated || spec.resolution === "DYNAMIC_DNS") return;
    for (const { value, path } of items(spec.ports, jsonPath("spec", "ports"))) {
      if (!["", "TCP"].includes((value.protocol ?? "").toUpperCase())) continue;
      yield complaint(
        child(path, "protocol"),
        `port ${value.number} carries TCP, and there are no addresses`,
        "Connections to other hosts on that port could be taken for this one",
        "Write spec.addresses, or a protocol that names its host, such as HTTP or TLS",
      );
    }
  },
});

/** What is there and does not act. */
export const entryOddities = rule({
  code: "PIL1506",
  kinds: ["ServiceEntry"],
  enforcement: "warn",
  summary: "a selector finds endpoints, and one address with TCP is for one host",
  *check({ spec }): Iterable<Complaint> {
    const resolution = spec.resolution ?? "NONE";
    if (spec.workloadSelector !== undefined && resolution === "NONE") {
      const reason = "With NONE connections go to the address that the application chose";
      const path = jsonPath("spec", "workloadSelector");
      yield complaint(path, "the resolution is NONE, and workloads are selected", reason, "Write resolution: STATIC");
    }
    const hasTcp = (spec.ports ?? []).some(({ protocol = "" }) => ["", "TCP"].includes(protocol.toUpperCase()));
    if (spec.hosts.length < 2 || (spec.addresses?.length ?? 0) === 0 || !hasTcp) return;
    const problem = `${spec.hosts.length} hosts share the addresses, and a port carries TCP`;
    const reason = "A TCP connection to an address does not say which host is meant";
    yield complaint(jsonPath("spec", "hosts"), problem, reason, "Write a ServiceEntry for each host");
  },
});
