import { child } from "../../base/json-path.ts";
import { completeHost } from "../../model/hosts.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { destinationsOf } from "../virtual-service/walk.ts";

/** A destination has the port that is named, and one is named where there are several. */
export const destinationPorts = rule({
  code: "PIL2111",
  alias: "IST0112",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "destinations name a port of the service, where it has several",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { services, mesh } = snapshot;
    for (const { value, path } of destinationsOf(object)) {
      const host = completeHost(value.host, object.metadata.namespace, mesh.clusterDomain, (name) =>
        services.has(name),
      );
      const service = services.get(host);
      if (service === undefined || service.ports.length === 0) continue;
      const numbers = service.ports.map(({ number }) => number);
      const port = value.port?.number;
      if (port === undefined && numbers.length > 1) {
        yield complaint(
          path,
          `"${value.host}" has the ports ${numbers.join(", ")}, and none is named`,
          "Requests go to the port that the caller asked for, and are answered with 503 where there is none",
          `Write port: { number: ${numbers[0] ?? 80} }`,
        );
      }
      if (port === undefined || numbers.includes(port)) continue;
      const problem = `"${value.host}" has no port ${port}, but ${numbers.join(", ")}`;
      const reason = "Envoy would answer 503 for this route";
      yield { ...complaint(child(path, "port", "number"), problem, reason, "Name one of its ports"), alias: "IST0101" };
    }
  },
});
