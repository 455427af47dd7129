import { jsonPath } from "../../base/json-path.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { completeHost } from "../../model/hosts.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";

/** A DestinationRule is for a host that there is; where no service is known at all nothing can be told. */
export const unknownRuleHost = rule({
  code: "PIL2116",
  alias: "IST0174",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "the host of a DestinationRule is one of the mesh",
  *check({ metadata, spec }, { snapshot }): Iterable<Complaint> {
    const { services, mesh } = snapshot;
    if (spec.host === "" || services.size === 0) return;
    const host = completeHost(spec.host, metadata.namespace, mesh.clusterDomain, (name) => services.has(name));
    if (services.has(host) || [...services.keys()].some((known) => hostsInCommon(known, host) !== undefined)) return;
    yield complaint(
      jsonPath("spec", "host"),
      `no service of the mesh is "${spec.host}"`,
      "The rule applies to no connection",
      spec.host.includes(".")
        ? "Correct the host, or create the Service, or a ServiceEntry for it"
        : `Create the Service, or write its full name: "${spec.host}" is looked for in namespace "${metadata.namespace}"`,
    );
  },
});
