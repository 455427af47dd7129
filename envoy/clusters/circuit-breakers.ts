// Limits of connections, requests and retries. Every one is written: Envoy's own defaults (three retries at one time
// among them) lose requests that nobody meant to limit.
import { create } from "@bufbuild/protobuf";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import { durationOf } from "../duration.ts";
import {
  type CircuitBreakers,
  CircuitBreakers_Thresholds_RetryBudgetSchema,
  CircuitBreakersSchema,
} from "../proto/envoy/config/cluster/v3/circuit_breaker_pb.ts";

/** What stands where the user set no limit. */
const unlimited = 4_294_967_295;

/** The limits of a policy. */
export function circuitBreakers({ connectionPool, retryBudget }: TrafficPolicy): CircuitBreakers {
  const thresholds = {
    maxConnections: limit(connectionPool?.tcp?.maxConnections),
    maxPendingRequests: limit(connectionPool?.http?.http1MaxPendingRequests),
    maxRequests: limit(connectionPool?.http?.http2MaxRequests),
    maxRetries: limit(connectionPool?.http?.maxRetries),
    trackRemaining: true,
    ...(retryBudget === undefined ? {} : { retryBudget: budget(retryBudget) }),
  };
  return create(CircuitBreakersSchema, { thresholds: [thresholds] });
}

/** Zero and less mean no limit, as in Istio. */
function limit(value: number | undefined): number {
  return value === undefined || value <= 0 ? unlimited : value;
}

function budget({ percent, minRetryConcurrency, budgetInterval }: NonNullable<TrafficPolicy["retryBudget"]>) {
  const interval = durationOf(budgetInterval);
  return create(CircuitBreakers_Thresholds_RetryBudgetSchema, {
    budgetPercent: { value: Math.min(100, Math.max(0, percent ?? 20)) },
    minRetryConcurrency: minRetryConcurrency ?? 3,
    ...(interval === undefined ? {} : { budgetInterval: interval }),
  });
}
