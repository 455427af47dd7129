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
