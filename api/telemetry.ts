// Telemetry: which metrics, traces and access logs proxies make.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { policyTargets } from "./policy-target.ts";
import { bool, double, duration, enumeration, list, map, object, required, type Static, string } from "./schema.ts";
import { workloadSelector } from "./workload-selector.ts";

const mode = enumeration("On which side of a call", ["CLIENT_AND_SERVER", "CLIENT", "SERVER"]);

const providers = list(
  "Who gets them; the mesh's default providers otherwise",
  object("One provider", { name: required(string("Name of an extension provider of the mesh", { minLength: 1 })) }),
);

const word = (description: string) => string(description, { minLength: 1 });

const customTag = object("Where the value of a tag comes from; exactly one", {
  literal: object("Written here", { value: required(word("Value")) }),
  environment: object("From the proxy's environment", {
    name: required(word("Name of the variable")),
    defaultValue: string("Value where it is not set"),
  }),
  header: object("From a header of the request", {
    name: required(word("Name of the header")),
    defaultValue: string("Value where there is none"),
  }),
  formatter: object("By Envoy's format", { value: required(word("Format, such as %REQ(:path)%")) }),
});

const tracing = object("Traces", {
  match: object("Which calls", { mode }),
  providers,
  randomSamplingPercentage: double("Share of requests that are traced", { minimum: 0, maximum: 100 }),
  disableSpanReporting: bool("Make spans, and report none"),
  disableContextPropagation: bool("Write no trace headers"),
  customTags: map("Tags by name", customTag),
  useRequestIdForTraceSampling: bool("Let the request's id decide; true by default"),
  enableIstioTags: bool("Whether spans get the tags of the mesh; true by default"),
});

const metrics = object("Metrics", {
  providers,
  overrides: list(
    "Changes of single metrics",
    object("One change", {
      match: object("Which metric", {
        metric: enumeration("One of the mesh's", [
          "ALL_METRICS",
          "REQUEST_COUNT",
          "REQUEST_DURATION",
          "REQUEST_SIZE",
          "RESPONSE_SIZE",
          "TCP_OPENED_CONNECTIONS",
          "TCP_CLOSED_CONNECTIONS",
          "TCP_SENT_BYTES",
          "TCP_RECEIVED_BYTES",
          "GRPC_REQUEST_MESSAGES",
          "GRPC_RESPONSE_MESSAGES",
        ]),
        customMetric: word("One by name"),
        mode,
      }),
      disabled: bool("Leave it out"),
      tagOverrides: map(
        "Changes of tags by name",
        object("One change", {
          operation: enumeration("Set it, or take it away; UPSERT by default", ["UPSERT", "REMOVE"]),
          value: string("Expression for the value"),
        }),
      ),
    }),
  ),
  reportingInterval: duration("Time between reports; 5s by default"),
});

const accessLogging = object("Access logs", {
  match: object("Which calls", { mode }),
  providers,
  disabled: bool("Write none"),
  filter: object("Which requests", { expression: string("CEL expression") }),
});

/** The `spec` of a Telemetry. */
export const telemetrySpec = object("Which metrics, traces and access logs proxies make", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  ...policyTargets,
  tracing: list("Traces", tracing),
  metrics: list("Metrics", metrics),
  accessLogging: list("Access logs", accessLogging),
});

export type TelemetrySpec = Static<typeof telemetrySpec>;

/** Which metrics, traces and access logs proxies make. @see https://istio.io/latest/docs/reference/config/telemetry/ */
export type Telemetry = ConfigObject<"Telemetry", TelemetrySpec>;

export const telemetryKind = {
  kind: "Telemetry",
  group: "telemetry.istio.io",
  // Stored in the older form, as Istio stores it: its objects stay readable whoever's definition is there.
  versions: ["v1alpha1", "v1"],
  plural: "telemetries",
  shortNames: ["telemetry"],
  scope: "Namespaced",
  columns: [ageColumn],
  meshKind: true,
  summary: "Which metrics, traces and access logs proxies make.",
  body: { spec: required(telemetrySpec) },
} as const satisfies KindDescription<"Telemetry">;
