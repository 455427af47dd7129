// Trying again.
import { create } from "@bufbuild/protobuf";
import type { HttpRetries } from "../../api/http-route.ts";
import { durationOf, positiveDuration } from "../duration.ts";
import { extension } from "../pack.ts";
import { type RetryPolicy, RetryPolicySchema } from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { PreviousHostsPredicateSchema } from "../proto/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { PreviousPrioritiesConfigSchema } from "../proto/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.ts";
import { forwarding, type RouteFeature } from "./feature.ts";

/** What is tried again where the rule does not say: failures after which the request cannot have had an effect. */
const defaultConditions = "connect-failure,refused-stream,unavailable,cancelled";
const defaultAttempts = 2;
/** How often another endpoint is looked for before one that was tried already is taken. */
const hostSelectionAttempts = 5n;

/** `retries`: two attempts more by default; `attempts: 0` switches them off. */
export const retries: RouteFeature = (route, { spec }) => {
  const action = forwarding(route);
  if (action === undefined) return;
  const policy = retryPolicy(spec.retries);
  if (policy !== undefined) action.retryPolicy = policy;
};

/** Envoy's policy for what a rule says of retries; undefined: none. */
export function retryPolicy(spec: HttpRetries | undefined): RetryPolicy | undefined {
  const attempts = spec === undefined ? defaultAttempts : (spec.attempts ?? 0);
  if (attempts <= 0) return undefined;
  const { conditions, statusCodes } = readConditions(spec?.retryOn);
  const perTryTimeout = durationOf(spec?.perTryTimeout);
  const baseInterval = positiveDuration(spec?.backoff);
  return create(RetryPolicySchema, {
    retryOn: conditions,
    numRetries: attempts,
    retriableStatusCodes: statusCodes,
    ...(spec?.retryIgnorePreviousHosts === false ? {} : otherHosts),
    ...(spec?.retryRemoteLocalities === true ? { retryPriority: otherLocalities } : {}),
    ...(perTryTimeout === undefined ? {} : { perTryTimeout }),
    ...(baseInterval === undefined ? {} : { retryBackOff: { baseInterval } }),
  });
}

const otherHosts = {
  retryHostPredicate: [extension("envoy.retry_host_predicates.previous_hosts", PreviousHostsPredicateSchema, {})],
  hostSelectionRetryMaxAttempts: hostSelectionAttempts,
};

const otherLocalities = extension("envoy.retry_priorities.previous_priorities", PreviousPrioritiesConfigSchema, {
  updateFrequency: 2,
});

/** Numbers among the conditions are status codes. */
function readConditions(text: string | undefined): { readonly conditions: string; readonly statusCodes: number[] } {
  const parts = (text ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  if (parts.length === 0) return { conditions: defaultConditions, statusCodes: [] };
  const statusCodes = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const conditions = parts.filter((part) => !/^\d+$/.test(part));
  if (statusCodes.length > 0 && !conditions.includes("retriable-status-codes"))
    conditions.push("retriable-status-codes");
  return { conditions: conditions.join(","), statusCodes };
}
