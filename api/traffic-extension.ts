// TrafficExtension: a WebAssembly or Lua program in the proxies.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTarget } from "./policy-target.ts";
import { enumeration, int32, list, object, required, type Static, string } from "./schema.ts";
import { extensionMatch, wasmFields } from "./wasm-fields.ts";
import { workloadSelector } from "./workload-selector.ts";

/** The `spec` of a TrafficExtension. */
export const trafficExtensionSpec = object("A program in the proxies", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  targetRefs: list("What it is for, instead of a selector", policyTarget("One of them"), { maxItems: 16 }),
  phase: enumeration("Where among the filters it is put", ["UNSPECIFIED", "AUTHN", "AUTHZ", "STATS"]),
  priority: int32("Higher ones come first in a phase"),
  match: extensionMatch,
  wasm: object("A WebAssembly program", wasmFields),
  lua: object("A Lua program", {
    inlineCode: required(string("The program", { minLength: 1, maxLength: 65_536 })),
  }),
});

export type TrafficExtensionSpec = Static<typeof trafficExtensionSpec>;

/** A WebAssembly or Lua program in the proxies. */
export type TrafficExtension = ConfigObject<"TrafficExtension", TrafficExtensionSpec>;

export const trafficExtensionKind = {
  kind: "TrafficExtension",
  group: "extensions.istio.io",
  versions: ["v1alpha1"],
  plural: "trafficextensions",
  shortNames: [],
  scope: "Namespaced",
  columns: [ageColumn],
  meshKind: true,
  summary: "A WebAssembly or Lua program in the proxies.",
  body: { spec: required(trafficExtensionSpec) },
} as const satisfies KindDescription<"TrafficExtension">;
