import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../injector/json.ts";
import { readReview, reviewedTokens } from "./token-review.ts";

const good = (changes: JsonObject = {}): JsonObject => ({
  status: {
    authenticated: true,
    audiences: ["istio-ca"],
    user: {
      username: "system:serviceaccount:shop:web",
      extra: {
        "authentication.kubernetes.io/pod-name": ["web-1"],
        "authentication.kubernetes.io/pod-uid": ["7c1"],
      },
    },
    ...changes,
  },
});

const bob = { namespace: "shop", pod: "web-1", podUid: "7c1", serviceAccount: "web" };
const signal = new AbortController().signal;
const startMs = Date.parse("2026-11-01T00:00:00Z");
const minuteMs = 60_000;

/** A token that says that it is good for so long. */
const tokenFor = (minutes: number): string => {
  const exp = (startMs + minutes * minuteMs) / 1_000;
  return `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.c2ln`;
};

/** An API server that answers so, and how often it was asked. */
function reviewer(answer: () => JsonObject) {
  const asked: JsonObject[] = [];
  let nowMs = startMs;
  const check = reviewedTokens({
    review: async (body) => {
      asked.push(body);
      return answer();
    },
    now: () => nowMs,
  });
  const goTo = (minutes: number): void => {
    nowMs = startMs + minutes * minuteMs;
  };
  return { asked, check, goTo };
}

describe("readReview()", () => {
  test("knows the pod by what the API server says of the token", () => {
    expect(readReview(good())).toEqual({ ok: true, ...bob });
  });

  test.each([
    { name: "a refused token", review: { status: { authenticated: false, error: "expired" } }, says: /expired/ },
    { name: "no status", review: {}, says: /gives no reason/ },
    { name: "another audience", review: good({ audiences: ["api"] }), says: /for "api", not for "istio-ca"/ },
    // An API server that does not know audiences leaves them out: it did not check them.
    { name: "no audience", review: good({ audiences: [] }), says: /not for "istio-ca"/ },
    { name: "a person", review: good({ user: { username: "jane" } }), says: /"jane", which is no service account/ },
    {
      name: "a token without pod",
      review: good({ user: { username: "system:serviceaccount:shop:web" } }),
      says: /not bound to a pod/,
    },
  ])("refuses $name", ({ review, says }) => {
    const answer = readReview(review);
    expect(answer).toMatchObject({ ok: false, code: status.UNAUTHENTICATED });
    expect(answer.ok ? "" : answer.reason).toMatch(says);
  });
});

describe("reviewedTokens()", () => {
  test("asks once for a token, with the audience, and again after ten minutes", async () => {
    const { asked, check, goTo } = reviewer(() => good());
    const token = tokenFor(600);
    expect(await check(token, signal)).toEqual({ ok: true, ...bob });
    expect(asked[0]).toMatchObject({ kind: "TokenReview", spec: { token, audiences: ["istio-ca"] } });
    goTo(9);
    await check(token, signal);
    expect(asked).toHaveLength(1);
    goTo(11);
    await check(token, signal);
    expect(asked).toHaveLength(2);
  });

  test("believes no token for longer than it lives", async () => {
    const { asked, check, goTo } = reviewer(() => good());
    await check(tokenFor(2), signal);
    goTo(3);
    await check(tokenFor(2), signal);
    expect(asked).toHaveLength(2);
  });

  test("remembers refusals for a moment only", async () => {
    const { asked, check, goTo } = reviewer(() => ({ status: { authenticated: false } }));
    await check("bad", signal);
    await check("bad", signal);
    expect(asked).toHaveLength(1);
    goTo(1);
    await check("bad", signal);
    expect(asked).toHaveLength(2);
  });

  test("lets the proxy try again when the API server is away, and remembers nothing", async () => {
    let isAway = true;
    const { check } = reviewer(() => {
      if (isAway) throw new Error("connection refused");
      return good();
    });
    expect(await check(tokenFor(9), signal)).toMatchObject({ ok: false, code: status.UNAVAILABLE });
    isAway = false;
    expect(await check(tokenFor(9), signal)).toMatchObject({ ok: true });
  });

  test("does not bother the API server with what is no token", async () => {
    const { asked, check } = reviewer(() => good());
    expect(await check("x".repeat(20_000), signal)).toMatchObject({ ok: false });
    expect(asked).toHaveLength(0);
  });
});
