import { parseDuration } from "../../api/duration.ts";
import { child } from "../../base/json-path.ts";
import { refText } from "../../base/object-ref.ts";
import { destinationRuleFor, trafficPolicyFor } from "../../model/destination-rules.ts";
import { completeHost } from "../../model/hosts.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf, items } from "../virtual-service/walk.ts";

/** A request that waits for a connection longer than it may take ends before a retry could find another server. */
export const connectTimes = rule({
  code: "PIL3024",
  kinds: ["VirtualService"],
  enforcement: "warn",
  summary: "a request may take longer than a DestinationRule lets it wait for a connection",
  *check(object, { snapshot }): Iterable<Complaint> {
    const { namespace } = object.metadata;
    const { services, mesh } = snapshot;
    for (const { value, path } of httpRulesOf(object)) {
      const timeout = parseDuration(value.timeout ?? "");
      if (timeout === undefined || timeout === 0) continue;
      for (const { value: destination } of items(value.route, path).map((item) => ({
        value: item.value.destination,
      }))) {
        const host = completeHost(destination.host, namespace, mesh.clusterDomain, (name) => services.has(name));
        const found = destinationRuleFor(snapshot, { namespace, labels: {} }, host);
        const [owner] = found?.origins ?? [];
        const port = destination.port?.number ?? services.get(host)?.ports[0]?.number ?? 0;
        const policy = trafficPolicyFor(found, destination.subset, port);
        const written = policy.connectionPool?.tcp?.connectTimeout;
        const connect = parseDuration(written ?? "");
        if (owner === undefined || connect === undefined || connect < timeout) continue;
        yield {
          path: child(path, "timeout"),
          problem: `the time-out is ${value.timeout ?? ""}, and ${refText(owner)} waits ${written ?? ""} for a connection`,
          reason: "A server that does not answer uses up all the time, so that no retry reaches another",
          fix: "Write a shorter connectTimeout there, or a longer timeout here",
          others: [owner],
        };
        break;
      }
    }
  },
});
