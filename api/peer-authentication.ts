// PeerAuthentication: whether a workload accepts plain text.
import { ageColumn, type KindDescription } from "./kind-description.ts";
import type { ConfigObject } from "./object.ts";
import { enumeration, map, object, required, type Static } from "./schema.ts";
import { workloadSelector } from "./workload-selector.ts";

const peerTls = (description: string) =>
  object(description, {
    mode: enumeration("UNSET inherits; PERMISSIVE takes both", ["UNSET", "DISABLE", "PERMISSIVE", "STRICT"]),
  });

/** The `spec` of a PeerAuthentication. */
export const peerAuthenticationSpec = object("Whether workloads accept plain text", {
  selector: workloadSelector("Pods that it is for; the whole namespace by default"),
  mtls: peerTls("Mutual TLS of all ports"),
  portLevelMtls: map("Mutual TLS by the pod's port number; needs a selector", peerTls("Mutual TLS of this port"), {
    minProperties: 1,
    portKeys: true,
  }),
});

export type PeerAuthenticationSpec = Static<typeof peerAuthenticationSpec>;
export type PeerTlsMode = NonNullable<NonNullable<PeerAuthenticationSpec["mtls"]>["mode"]>;

/** Whether workloads accept plain text. @see https://istio.io/latest/docs/reference/config/security/peer_authentication/ */
export type PeerAuthentication = ConfigObject<"PeerAuthentication", PeerAuthenticationSpec>;

export const peerAuthenticationKind = {
  kind: "PeerAuthentication",
  group: "security.istio.io",
  versions: ["v1", "v1beta1"],
  plural: "peerauthentications",
  shortNames: ["pa"],
  scope: "Namespaced",
  columns: [
    { name: "Mode", jsonPath: ".spec.mtls.mode", type: "string", description: "Mutual TLS of all ports" },
    ageColumn,
  ],
  meshKind: true,
  summary: "Whether workloads accept plain text, mutual TLS or both.",
  body: { spec: required(peerAuthenticationSpec) },
} as const satisfies KindDescription<"PeerAuthentication">;
