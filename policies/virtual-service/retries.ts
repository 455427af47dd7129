import { nearest } from "../../api/nearest.ts";
import { isRetryCondition, retryConditions } from "../../api/retry-conditions.ts";
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
        if (name === "" || isRetryCondition(name)) continue;
        const near = nearest(name, retryConditions);
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
