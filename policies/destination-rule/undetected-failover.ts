import type { PortTrafficPolicy, TrafficPolicy } from "../../api/traffic-policy.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";

/** Traffic leaves a locality only when its endpoints are seen to fail. */
export const undetectedFailover = rule({
  code: "PIL1311",
  kinds: ["DestinationRule"],
  enforcement: "warn",
  summary: "failover goes with outlier detection",
  *check({ spec }): Iterable<Complaint> {
    const { trafficPolicy, subsets } = spec;
    yield* policyFaults(trafficPolicy, false, jsonPath("spec", "trafficPolicy"));
    const isInherited = trafficPolicy?.outlierDetection !== undefined;
    for (const { value, path } of items(subsets, jsonPath("spec", "subsets"))) {
      yield* policyFaults(value.trafficPolicy, isInherited, child(path, "trafficPolicy"));
    }
  },
});

/** A port inherits nothing: settings for it replace the policy's. */
function* policyFaults(policy: TrafficPolicy | undefined, isInherited: boolean, path: JsonPath): Iterable<Complaint> {
  if (policy === undefined) return;
  if (!isInherited) yield* settingFaults(policy, path);
  for (const port of items(policy.portLevelSettings, child(path, "portLevelSettings"))) {
    yield* settingFaults(port.value, port.path);
  }
}

function* settingFaults(
  { loadBalancer, outlierDetection }: TrafficPolicy | PortTrafficPolicy,
  path: JsonPath,
): Iterable<Complaint> {
  if (outlierDetection !== undefined) return;
  for (const field of ["localityLbSetting", "zoneAwareLbSetting"] as const) {
    const { failover, failoverPriority } = loadBalancer?.[field] ?? {};
    if ((failover?.length ?? 0) === 0 && (failoverPriority?.length ?? 0) === 0) continue;
    yield complaint(
      child(path, "loadBalancer", field),
      "there is failover, and no outlierDetection",
      "Endpoints that fail are not noticed, so that traffic stays with them",
      "Add outlierDetection, for example consecutive5xxErrors: 5",
    );
  }
}
