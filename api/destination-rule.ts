// DestinationRule: how connections to a host are made, and which subsets of its endpoints have a name.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { list, map, object, required, type Static, string } from "./schema.ts";
import { trafficPolicy } from "./traffic-policy.ts";
import { workloadSelector } from "./workload-selector.ts";

const subset = object("Endpoints that share labels, under a name", {
  name: required(string("Name that routes use")),
  labels: map("Labels that an endpoint must all have", string("Value of the label")),
  trafficPolicy,
});

/** The `spec` of a DestinationRule. */
export const destinationRuleSpec = object("How connections to a host are made", {
  host: required(string("Service or ServiceEntry host; a short name is of this namespace")),
  trafficPolicy,
  subsets: list("Named sets of endpoints", subset),
  exportTo: list("Namespaces that see the rule; all by default", string("Namespace, . for this one, * for all")),
  workloadSelector: workloadSelector("Calling pods that the rule is for; all by default"),
});

export type DestinationRuleSpec = Static<typeof destinationRuleSpec>;
export type Subset = Static<typeof subset>;

/** How connections to a host are made. @see https://istio.io/latest/docs/reference/config/networking/destination-rule/ */
export type DestinationRule = ConfigObject<"DestinationRule", DestinationRuleSpec>;

export const destinationRuleKind = {
  kind: "DestinationRule",
  group: "networking.istio.io",
  versions: ["v1", "v1beta1", "v1alpha3"],
  plural: "destinationrules",
  shortNames: ["dr"],
  scope: "Namespaced",
  columns: [{ name: "Host", jsonPath: ".spec.host", type: "string", description: "Host that it is about" }, ageColumn],
  meshKind: true,
  summary: "How connections to a host are made, and the named subsets of its endpoints.",
  body: { spec: required(destinationRuleSpec) },
} as const satisfies KindDescription<"DestinationRule">;
