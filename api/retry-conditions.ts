// What a request is tried again for.

/**
 * What can be retried besides status codes.
 * @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on
 */
export const retryConditions: readonly string[] = [
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "envoy-ratelimited",
  "retriable-4xx",
  "refused-stream",
  "retriable-status-codes",
  "retriable-headers",
  "http3-post-connect-failure",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
];

/** Whether Envoy knows a condition; codes of answers are some. */
export function isRetryCondition(name: string): boolean {
  const status = /^\d{3}$/.test(name) ? Number(name) : 0;
  return retryConditions.includes(name) || (status >= 100 && status <= 599);
}
