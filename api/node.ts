// Node: its labels tell the region and zone of its pods.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";
import { list, projection, required, type Static, string } from "./schema.ts";

const status = projection("State of the node", {
  addresses: list(
    "Addresses",
    projection("One address", { type: string("InternalIP, for example"), address: string("Address") }),
  ),
});

/** A node of Kubernetes. */
export interface Node {
  readonly apiVersion: string;
  readonly kind: "Node";
  readonly metadata: Metadata;
  readonly status: Static<typeof status>;
}

export const nodeKind = {
  kind: "Node",
  group: "",
  versions: ["v1"],
  plural: "nodes",
  shortNames: ["no"],
  scope: "Cluster",
  columns: [],
  meshKind: false,
  summary: "A node of Kubernetes.",
  body: { status: required(status) },
} as const satisfies KindDescription<"Node">;
