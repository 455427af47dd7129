// Retries: what is tried again by default, and how a rule's words are read.
import { expect, test } from "vitest";
import { retryPolicy } from "./retries.ts";

const byDefault = "connect-failure,refused-stream,unavailable,cancelled";

test.each([
  { given: undefined, attempts: 2, retryOn: byDefault, codes: [] },
  { given: { attempts: 5 }, attempts: 5, retryOn: byDefault, codes: [] },
  { given: { attempts: 1, retryOn: "" }, attempts: 1, retryOn: byDefault, codes: [] },
  { given: { attempts: 3, retryOn: "5xx" }, attempts: 3, retryOn: "5xx", codes: [] },
  {
    given: { attempts: 3, retryOn: "503, reset,429" },
    attempts: 3,
    retryOn: "reset,retriable-status-codes",
    codes: [503, 429],
  },
  {
    given: { attempts: 3, retryOn: "retriable-status-codes,503" },
    attempts: 3,
    retryOn: "retriable-status-codes",
    codes: [503],
  },
])("retryPolicy($given) tries $attempts times on $retryOn", ({ given, attempts, retryOn, codes }) => {
  const policy = retryPolicy(given);
  expect(policy?.numRetries).toBe(attempts);
  expect(policy?.retryOn).toBe(retryOn);
  expect(policy?.retriableStatusCodes).toEqual(codes);
});

test.each([{ attempts: 0 }, { attempts: -1 }, {}, { retryOn: "5xx" }])("retryPolicy(%o) is none", (given) => {
  expect(retryPolicy(given)).toBeUndefined();
});

test("retryPolicy() avoids endpoints that were tried, unless the rule says otherwise", () => {
  expect(retryPolicy(undefined)?.retryHostPredicate).toHaveLength(1);
  expect(retryPolicy({ attempts: 1, retryIgnorePreviousHosts: false })?.retryHostPredicate).toHaveLength(0);
});
