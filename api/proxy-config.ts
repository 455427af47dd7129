// ProxyConfig: settings of the injected proxy itself.
import type { KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { int32, map, object, required, type Static, string } from "./schema.ts";
import { workloadSelector } from "./workload-selector.ts";

/** The `spec` of a ProxyConfig. */
export const proxyConfigSpec = object("Settings of the injected proxy", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  concurrency: int32("Worker threads; 0: as many as there are cores", { minimum: 0 }),
  environmentVariables: map("Environment of the proxy", string("Value", { maxLength: 2048 })),
  image: object("The proxy's image", { imageType: string("Variant, such as distroless") }),
});

export type ProxyConfigSpec = Static<typeof proxyConfigSpec>;

/** Settings of the injected proxy. @see https://istio.io/latest/docs/reference/config/networking/proxy-config/ */
export type ProxyConfig = ConfigObject<"ProxyConfig", ProxyConfigSpec>;

export const proxyConfigKind = {
  kind: "ProxyConfig",
  group: "networking.istio.io",
  versions: ["v1beta1"],
  plural: "proxyconfigs",
  shortNames: [],
  scope: "Namespaced",
  columns: [],
  meshKind: true,
  summary: "Settings of the injected proxy itself.",
  body: { spec: required(proxyConfigSpec) },
} as const satisfies KindDescription<"ProxyConfig">;
