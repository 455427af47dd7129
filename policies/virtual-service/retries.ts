import { nearest } from "../../api/nearest.ts";
import { child } from "../../base/json-path.ts";
import { type Complaint, rule } from "../rule.ts";
import { httpRulesOf } from "./walk.ts";

/** Retries have a number, and conditions that Envoy knows. */
export const retries = rule({
  code: "PIL1222",
  guardsEnvoy: true,
  kinds: ["VirtualService"],
  enforcement: "deny",
  summary: "retries have a number of attempts and known conditions",
  *check(object): Iterable<Complaint> {
    for (const { value, path: rulePath } of httpRulesOf(object)) {
      const { retries: written } = value;
      if (written === undefined) continue;
      const path = child(rulePath, "retries");
      const attempts = written.attempts ?? 0;
      if (attempts < 0) {
        yield {
          path: child(path, "attempts"),
          problem: `attempts is ${attempts}`,
          reason: "There cannot be fewer than no retries",
          fix: "Write 0 or more",
        };
      }
      const settings = (["perTryTimeout", "retryOn", "retryRemoteLocalities", "backoff"] as const).filter(
        (field) => written[field] !== undefined && written[field] !== "",
      );
      if (attempts === 0 && settings.length > 0) {
        yield {
          path,
          problem: `attempts is 0, and ${settings.join(" and ")} is set`,
          reason: "Retries are off, so the settings could not act",
          fix: `Add attempts: 2, or take ${settings.join(" and ")} away`,
        };
      }
      for (const condition of (written.retryOn ?? "").split(",")) {
        const name = condition.trim();
        if (name === "" || isKnown(name)) continue;
        const near = nearest(name, conditions);
        yield {
          path: child(path, "retryOn"),
          problem: `"${name}" is no condition for retries`,
          reason: "Envoy would never retry for it",
          fix:
            near === undefined ? "Write conditions such as 5xx, connect-failure or a status code" : `Write "${near}"`,
        };
      }
    }
  },
});

function isKnown(name: string): boolean {
  const status = /^\d{3}$/.test(name) ? Number(name) : 0;
  return conditions.includes(name) || (status >= 100 && status <= 599);
}

/** @see https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-retry-on */
const conditions = [
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
