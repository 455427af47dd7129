// Faults on purpose: delays and aborts.
import { create } from "@bufbuild/protobuf";
import type { Fault } from "../../api/http-route.ts";
import { positiveDuration } from "../duration.ts";
import { pack } from "../pack.ts";
import { type FaultDelay, FaultDelaySchema } from "../proto/envoy/extensions/filters/common/fault/v3/fault_pb.ts";
import {
  type FaultAbort,
  FaultAbortSchema,
  HTTPFaultSchema,
} from "../proto/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type { RouteFeature } from "./feature.ts";
import { fractionalPercent } from "./percent.ts";

/** Name of the filter, under which a route holds its settings. */
export const faultFilter = "envoy.filters.http.fault";

/** `fault`: a delay, an abort, or both. Without a percentage nothing happens, as in Istio. */
export const fault: RouteFeature = (route, { spec }) => {
  const delay = delayOf(spec.fault?.delay);
  const abort = abortOf(spec.fault?.abort);
  if (delay === undefined && abort === undefined) return;
  route.typedPerFilterConfig[faultFilter] = pack(HTTPFaultSchema, {
    ...(delay === undefined ? {} : { delay }),
    ...(abort === undefined ? {} : { abort }),
  });
};

function delayOf(spec: Fault["delay"]): FaultDelay | undefined {
  const fixedDelay = positiveDuration(spec?.fixedDelay);
  if (fixedDelay === undefined) return undefined;
  return create(FaultDelaySchema, {
    faultDelaySecifier: { case: "fixedDelay", value: fixedDelay },
    percentage: fractionalPercent(spec?.percentage?.value ?? spec?.percent ?? 0),
  });
}

function abortOf(spec: Fault["abort"]): FaultAbort | undefined {
  const errorType = errorOf(spec);
  if (errorType === undefined) return undefined;
  return create(FaultAbortSchema, { errorType, percentage: fractionalPercent(spec?.percentage?.value ?? 0) });
}

function errorOf(spec: Fault["abort"]): FaultAbort["errorType"] | undefined {
  const status = spec?.httpStatus;
  if (status !== undefined && status >= 200 && status < 600) return { case: "httpStatus", value: status };
  const code = grpcCodes.indexOf((spec?.grpcStatus ?? "").toUpperCase());
  return code === -1 ? undefined : { case: "grpcStatus", value: code };
}

/** Status codes of gRPC by number. @see https://grpc.io/docs/guides/status-codes/ */
const grpcCodes: readonly string[] = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];
