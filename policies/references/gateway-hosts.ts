// What a VirtualService wants of a Gateway, and what the Gateway has.
import { jsonPath } from "../../base/json-path.ts";
import { serverHosts } from "../../model/gateways.ts";
import { hostsInCommon } from "../../model/host-patterns.ts";
import { gatewayName, isDelegate } from "../../model/virtual-services.ts";
import { lookUp } from "../../model/world.ts";
import { type Complaint, rule } from "../rule.ts";

/** A gateway serves the hosts that it lists. */
export const hostsOfGateway = rule({
  code: "PIL2107",
  alias: "IST0132",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "a VirtualService has a host that its Gateway serves",
  *check(object, { world }): Iterable<Complaint> {
    const { metadata, spec } = object;
    if (isDelegate(object)) return;
    for (const [index, written] of (spec.gateways ?? []).entries()) {
      const full = gatewayName(written, metadata.namespace);
      const [namespace = "", name = ""] = full.split("/");
      const gateway = full === "mesh" ? undefined : lookUp(world, "Gateway", namespace, name);
      if (gateway === undefined) continue;
      const servers = (gateway.spec.servers ?? []).flatMap((server) => serverHosts(server, namespace));
      const isServed = servers.some(
        (server) =>
          (server.namespace === "*" || server.namespace === metadata.namespace) &&
          (spec.hosts ?? []).some((host) => hostsInCommon(server.host, host.toLowerCase()) !== undefined),
      );
      if (isServed) continue;
      yield {
        path: jsonPath("spec", "gateways", index),
        problem: `Gateway ${full} serves none of the hosts here`,
        reason: "Callers would get 404",
        fix: `Add ${(spec.hosts ?? []).join(", ")} to the hosts of one of its servers`,
        others: [{ kind: "Gateway", namespace, name }],
      };
    }
  },
});
