// targetRefs: what a policy is attached to.
import type { PolicyTarget } from "../../api/policy-target.ts";
import { child, type JsonPath, jsonPath } from "../../base/json-path.ts";
import { complaint } from "../complaint.ts";
import { type Complaint, rule } from "../rule.ts";
import { items } from "../virtual-service/walk.ts";
import { selectorOf } from "./selectors.ts";

const targetable = [
  "core/Service",
  "networking.istio.io/ServiceEntry",
  "gateway.networking.k8s.io/Gateway",
  "gateway.networking.k8s.io/GatewayClass",
];

/** A policy selects pods or names targets, and targets are of kinds that proxies stand for. */
export const targets = rule({
  code: "PIL1108",
  kinds: ["RequestAuthentication", "AuthorizationPolicy", "Telemetry", "WasmPlugin", "TrafficExtension", "EnvoyFilter"],
  enforcement: "deny",
  summary: "a policy has a selector or targets, and targets are Services, ServiceEntries or Gateways",
  *check(object): Iterable<Complaint> {
    const { targetRefs } = object.spec;
    const targetRef = "targetRef" in object.spec ? object.spec.targetRef : undefined;
    const ways = [
      ["selector", selectorOf(object).isThere],
      ["targetRef", targetRef !== undefined],
      ["targetRefs", (targetRefs?.length ?? 0) > 0],
    ].flatMap(([name, isThere]) => (isThere === true ? [String(name)] : []));
    if (ways.length > 1) {
      yield complaint(
        jsonPath("spec"),
        `${ways.join(" and ")} are set`,
        "A policy is for what it selects or for what it names",
        `Keep ${ways.includes("targetRefs") ? "targetRefs" : ways[0]} only`,
      );
    }
    if (targetRef !== undefined) yield* targetFaults(targetRef, jsonPath("spec", "targetRef"));
    for (const { value, path } of items(targetRefs, jsonPath("spec", "targetRefs"))) yield* targetFaults(value, path);
  },
});

function* targetFaults({ group, kind, namespace }: PolicyTarget, path: JsonPath): Iterable<Complaint> {
  const full = `${group === undefined || group === "" ? "core" : group}/${kind}`;
  if (!targetable.includes(full)) {
    yield complaint(
      child(path, "kind"),
      `the target is a ${full}`,
      "No proxy stands for such an object",
      `Name one of ${targetable.join(", ")}`,
    );
  }
  if (namespace === undefined || namespace === "") return;
  yield complaint(
    child(path, "namespace"),
    `the target is in namespace "${namespace}"`,
    "A policy is for its own namespace",
    "Take namespace away, and create the policy beside its target",
  );
}
