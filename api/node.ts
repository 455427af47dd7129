// Node: its labels tell the region and zone of its pods, and its pods' addresses may have a range of their own.
import type { KindDescription } from "./kind-description.ts";
import type { Metadata } from "./object.ts";
import { list, projection, required, type Static, string } from "./schema.ts";

const spec = projection("What the node is to be", {
  podCIDRs: list("Ranges that its pods have their addresses from", string("10.244.1.0/24, for example")),
});

const status = projection("State of the node", {
  nodeInfo: projection("Programs of the node", { kubeletVersion: string("Version of the kubelet, such as v1.34.1") }),
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
  readonly spec: Static<typeof spec>;
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
  body: { spec: required(spec), status: required(status) },
} as const satisfies KindDescription<"Node">;
