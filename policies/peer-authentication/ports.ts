import { jsonPath } from "../../base/json-path.ts";
import { isSelecting } from "../../model/mtls.ts";
import { portFault } from "../common/names.ts";
import { type Complaint, rule } from "../rule.ts";

/** Settings for single ports are for selected workloads. */
export const portSettings = rule({
  code: "PIL1601",
  kinds: ["PeerAuthentication"],
  enforcement: "deny",
  summary: "portLevelMtls stands beside a selector and names ports",
  *check(object): Iterable<Complaint> {
    const ports = object.spec.portLevelMtls;
    if (ports === undefined) return;
    const path = jsonPath("spec", "portLevelMtls");
    if (!isSelecting(object)) {
      yield {
        path,
        problem: "there are settings for ports, and no selector",
        reason: "Ports mean something for workloads, not for a whole namespace",
        fix: "Add selector.matchLabels",
      };
    }
    if (Object.keys(ports).length === 0) {
      yield {
        path,
        problem: "there are no ports",
        reason: "It would do nothing",
        fix: "Name a port, or take portLevelMtls away",
      };
    }
    for (const port of Object.keys(ports)) {
      const fault = /^\d+$/.test(port) ? portFault(Number(port)) : "is no number";
      if (fault === undefined) continue;
      yield {
        path: jsonPath("spec", "portLevelMtls", port),
        problem: `the port "${port}" ${fault}`,
        reason: "No connection could use it",
        fix: "Write the number of a port of the pod",
      };
    }
  },
});
