// From message to the bytes that travel, with the hash that names their version.
import { createHash } from "node:crypto";
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type ObjectRef, refText } from "../base/object-ref.ts";
import { ClusterSchema } from "./proto/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "./proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "./proto/envoy/config/listener/v3/listener_pb.ts";
import { VirtualHostSchema } from "./proto/envoy/config/route/v3/route_components_pb.ts";
import { RouteConfigurationSchema } from "./proto/envoy/config/route/v3/route_pb.ts";
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "./resource.ts";

/** A resource before it is bytes. */
export interface Draft<D extends DescMessage> {
  readonly message: MessageShape<D>;
  readonly needs?: readonly ResourceName[];
  readonly provenance?: readonly ObjectRef[];
}

/** The schema of each type that this room makes. */
export const schemas = {
  [typeUrls.listener]: ListenerSchema,
  [typeUrls.route]: RouteConfigurationSchema,
  [typeUrls.virtualHost]: VirtualHostSchema,
  [typeUrls.cluster]: ClusterSchema,
  [typeUrls.endpoints]: ClusterLoadAssignmentSchema,
} as const;

/** The types that this room makes: all but secrets. */
export type MadeType = keyof typeof schemas;

/** Encode a resource once. Names that it needs and objects in it are listed once each, in order. */
export function encode<D extends DescMessage>(
  type: TypeUrl,
  name: string,
  schema: D,
  { message, needs = [], provenance = [] }: Draft<D>,
): EncodedResource {
  const bytes = toBinary(schema, message);
  return {
    type,
    name,
    version: createHash("sha256").update(bytes).digest("hex").slice(0, 32),
    bytes,
    needs: [...new Map(needs.map((need) => [`${need.type} ${need.name}`, need])).values()],
    provenance: [...new Map(provenance.map((ref) => [refText(ref), ref])).values()],
  };
}

/** The clusters of these names, as needs. */
export function clusterNeeds(names: Iterable<string>): readonly ResourceName[] {
  return [...new Set(names)].map((name) => ({ type: typeUrls.cluster, name }));
}
