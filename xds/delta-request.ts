// What a proxy says on its stream, parsed once.
import { fromBinary } from "@bufbuild/protobuf";
import type { Node } from "../envoy/proto/envoy/config/core/v3/base_pb.ts";
import { DeltaDiscoveryRequestSchema } from "../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";

/** What a proxy says about itself, for people; nothing is decided by it. "" where it says nothing. */
export interface ProxyFacts {
  /** "1.40.0". */
  readonly envoyVersion: string;
  /** The cluster's name in the mesh: "Kubernetes". */
  readonly cluster: string;
  /** The control plane that injected it. */
  readonly revision: string;
}

/** A DeltaDiscoveryRequest: questions, and the verdict on one response. */
export interface DeltaRequest {
  /** "" on all but the first request of a stream. */
  readonly nodeId: string;
  /** Said with the node id. */
  readonly facts: ProxyFacts;
  /** Undefined: a type that nobody here makes. */
  readonly type: TypeUrl | undefined;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What it holds from an earlier stream; only in the first request of a type. */
  readonly initialVersions: ReadonlyMap<string, string>;
  /** The response that this is the verdict on; "" for none. */
  readonly nonce: string;
  /** Why it refused that response. */
  readonly refusal: string | undefined;
}

const known: ReadonlyMap<string, TypeUrl> = new Map(Object.values(typeUrls).map((type) => [type, type]));

export const noFacts: ProxyFacts = Object.freeze({ envoyVersion: "", cluster: "", revision: "" });

/** Longer than any name that Kubernetes takes as a label. */
const maximumFactLength = 63;

/** @throws Error when the bytes are no DeltaDiscoveryRequest; gRPC answers that with INTERNAL. */
export function parseDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const request = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return {
    nodeId: request.node?.id ?? "",
    facts: request.node === undefined ? noFacts : factsOf(request.node),
    type: known.get(request.typeUrl),
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    initialVersions: new Map(Object.entries(request.initialResourceVersions)),
    nonce: request.responseNonce,
    refusal: request.errorDetail === undefined ? undefined : request.errorDetail.message,
  };
}

function factsOf({ userAgentVersionType, metadata = {} }: Node): ProxyFacts {
  const version = userAgentVersionType.case === "userAgentBuildVersion" && userAgentVersionType.value.version;
  const text = (key: string): string => {
    const value = metadata[key];
    return typeof value === "string" ? value.slice(0, maximumFactLength) : "";
  };
  return {
    envoyVersion: version ? `${version.majorNumber}.${version.minorNumber}.${version.patch}` : "",
    cluster: text("CLUSTER_ID"),
    revision: text("ISTIO_REVISION"),
  };
}
