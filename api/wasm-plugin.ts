// WasmPlugin: a WebAssembly program in the proxies.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTargets } from "./policy-target.ts";
import { enumeration, int32, object, required, type Static } from "./schema.ts";
import { extensionMatch, wasmFields } from "./wasm-fields.ts";
import { workloadSelector } from "./workload-selector.ts";

/** The `spec` of a WasmPlugin. */
export const wasmPluginSpec = object("A WebAssembly program in the proxies", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  ...policyTargets,
  ...wasmFields,
  phase: enumeration("Where among the filters it is put", ["UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"]),
  priority: int32("Higher ones come first in a phase"),
  match: extensionMatch,
});

export type WasmPluginSpec = Static<typeof wasmPluginSpec>;

/** A WebAssembly program in the proxies. @see https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/ */
export type WasmPlugin = ConfigObject<"WasmPlugin", WasmPluginSpec>;

export const wasmPluginKind = {
  kind: "WasmPlugin",
  group: "extensions.istio.io",
  versions: ["v1alpha1"],
  plural: "wasmplugins",
  shortNames: [],
  scope: "Namespaced",
  columns: [ageColumn],
  meshKind: true,
  summary: "A WebAssembly program in the proxies.",
  body: { spec: required(wasmPluginSpec) },
} as const satisfies KindDescription<"WasmPlugin">;
