// What a proxy says on its stream, parsed once.
import { fromBinary } from "@bufbuild/protobuf";
import { DeltaDiscoveryRequestSchema } from "../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { type TypeUrl, typeUrls } from "../envoy/resource.ts";

/** A DeltaDiscoveryRequest: questions, and the verdict on one response. */
export interface DeltaRequest {
  /** "" on all but the first request of a stream. */
  readonly nodeId: string;
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

/** @throws Error when the bytes are no DeltaDiscoveryRequest; gRPC answers that with INTERNAL. */
export function parseDeltaRequest(bytes: Uint8Array): DeltaRequest {
  const request = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  return {
    nodeId: request.node?.id ?? "",
    type: known.get(request.typeUrl),
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    initialVersions: new Map(Object.entries(request.initialResourceVersions)),
    nonce: request.responseNonce,
    refusal: request.errorDetail === undefined ? undefined : request.errorDetail.message,
  };
}
