import { jsonPath } from "../../base/json-path.ts";
import { lostSettings } from "../destination-rule/lost-settings.ts";
import { idleFields, idleIn, idleSecurityFields } from "../no-effect.ts";
import { type Complaint, rule } from "../rule.ts";
import { lostPolicies } from "../virtual-service/lost-policies.ts";

/** Fields that this version does not act on. */
export const idle = rule({
  code: "PIL9101",
  kinds: ["VirtualService", "DestinationRule", "Gateway", "ServiceEntry"],
  enforcement: "warn",
  summary: "fields have an effect in this version",
  *check(object, { snapshot }): Iterable<Complaint> {
    yield* idleIn(idleFields, object, "It is stored, and no proxy acts on it");
    if (object.kind === "DestinationRule") yield* lostSettings(object, snapshot);
    if (object.kind === "VirtualService") yield* lostPolicies(object, snapshot);
  },
});

/** Kinds that this version reads and checks, and does not act on. */
export const idleKinds = rule({
  code: "PIL9001",
  kinds: [
    "Sidecar",
    "WorkloadEntry",
    "WorkloadGroup",
    "EnvoyFilter",
    "ProxyConfig",
    "Telemetry",
    "WasmPlugin",
    "TrafficExtension",
  ],
  enforcement: "warn",
  summary: "kinds have an effect in this version",
  *check({ kind }): Iterable<Complaint> {
    yield {
      path: jsonPath("spec"),
      problem: `${kind} has no effect in this version`,
      reason: "The object is stored, and every proxy behaves as if it were not there",
      fix: "Leave it for a later version, or delete it so that nobody relies on it",
    };
  },
});

/** What people rely on for their safety and nothing enforces yet: kinds as a whole, and fields. */
export const unenforced = rule({
  code: "PIL6001",
  kinds: ["AuthorizationPolicy", "RequestAuthentication", "DestinationRule", "Gateway", "PeerAuthentication"],
  enforcement: "deny",
  summary: "what is about security is enforced in this version",
  *check(object): Iterable<Complaint> {
    yield* idleIn(idleSecurityFields, object, "It is about security, and nothing would enforce it");
    if (object.kind !== "AuthorizationPolicy" && object.kind !== "RequestAuthentication") return;
    yield {
      path: jsonPath("spec"),
      problem: `nothing in this version enforces ${object.kind}`,
      reason: "Requests that it is to refuse would be let through, and whoever wrote it would believe them refused",
      fix: "Protect the workload another way, for example with PeerAuthentication STRICT and a NetworkPolicy, until a version enforces it",
    };
  },
});
