// Projected tokens, judged by the API server that issued them. Answers are kept, or a restart of the control plane would ask
// for every proxy at once.
// @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
import { createHash } from "node:crypto";
import { status } from "@grpc/grpc-js";
import { errorText } from "../../base/error.ts";
import { isObject, type Json, type JsonObject, objectAt, textAt } from "../../injector/json.ts";
import { sidecarNames } from "../../model/sidecar.ts";
import type { CheckToken, TokenAnswer } from "../authenticator.ts";
import type { KubernetesApi } from "./api.ts";

/** What checking by TokenReview needs. */
export interface TokenReviewDeps {
  /** POST a TokenReview. @throws when the API server does not answer or refuses to judge. */
  readonly review: (body: JsonObject, signal: AbortSignal) => Promise<JsonObject>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A good answer is not older than this, so that a deleted pod or service account does not connect for long. */
const longestKeptMs = 10 * 60_000;
/** Long enough that a proxy that tries again and again does not keep the API server busy. */
const refusalKeptMs = 5_000;
/** Projected tokens have about 1 kB; more than this is not looked at. */
const maximumTokenBytes = 16_384;
/** More proxies than one process serves. */
const cacheLimit = 20_000;

/** Checks tokens by TokenReview. */
export function reviewedTokens(deps: TokenReviewDeps): CheckToken {
  const kept = new Map<string, { readonly answer: TokenAnswer; readonly untilMs: number }>();
  return async (token, signal) => {
    if (token.length > maximumTokenBytes) return refused("The token is longer than any that Kubernetes issues");
    // A hash, so that no memory dump holds tokens.
    const key = createHash("sha256").update(token).digest("base64");
    const known = kept.get(key);
    if (known !== undefined && known.untilMs > deps.now()) return known.answer;
    kept.delete(key);
    let reviewed: JsonObject;
    try {
      reviewed = await deps.review(requestFor(token), signal);
    } catch (thrown) {
      // Not the proxy's fault: it tries again.
      return { ok: false, code: status.UNAVAILABLE, reason: `The token can't be reviewed now: ${errorText(thrown)}` };
    }
    const answer = readReview(reviewed);
    const endMs = answer.ok ? Math.min(deps.now() + longestKeptMs, expiryMs(token)) : deps.now() + refusalKeptMs;
    const [oldest] = kept.keys();
    if (kept.size >= cacheLimit && oldest !== undefined) kept.delete(oldest);
    kept.set(key, { answer, untilMs: endMs });
    return answer;
  };
}

/** Who is this? Asked for proxies only. */
export const requestFor = (token: string): JsonObject => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  spec: { token, audiences: [sidecarNames.tokenAudience] },
});

/** @throws when the API server gives no verdict. */
export async function reviewToken(api: KubernetesApi, body: JsonObject): Promise<JsonObject> {
  const reviewed = await api.create("/apis/authentication.k8s.io/v1/tokenreviews", body);
  return reviewed === "exists" ? {} : reviewed;
}

const refused = (reason: string): TokenAnswer => ({ ok: false, code: status.UNAUTHENTICATED, reason });

const userName = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** What a TokenReview came back with. */
export function readReview(review: JsonObject): TokenAnswer {
  const found = objectAt(review, "status");
  if (found["authenticated"] !== true) {
    return refused(`The API server does not accept the token: ${textAt(found, "error") || "it gives no reason"}`);
  }
  const audiences = textList(found["audiences"]);
  if (!audiences.includes(sidecarNames.tokenAudience)) {
    return refused(`The token is for "${audiences.join(", ")}", not for "${sidecarNames.tokenAudience}"`);
  }
  const name = textAt(objectAt(found, "user"), "username");
  const [, namespace, serviceAccount] = userName.exec(name) ?? [];
  if (namespace === undefined || serviceAccount === undefined) {
    return refused(`The token is for "${name}", which is no service account`);
  }
  const extra = objectAt(found, "user", "extra");
  const [pod] = textList(extra["authentication.kubernetes.io/pod-name"]);
  const [uid] = textList(extra["authentication.kubernetes.io/pod-uid"]);
  if (pod === undefined || uid === undefined) {
    return refused(`The token of service account ${namespace}/${serviceAccount} is not bound to a pod`);
  }
  return { ok: true, namespace, pod, podUid: uid, serviceAccount };
}

/** When a token expires by its own word; the API server has just vouched for it. 0 where it does not say. */
function expiryMs(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Json; // JSON.parse gives nothing but JSON.
    const exp = isObject(claims) ? claims["exp"] : undefined;
    return typeof exp === "number" ? exp * 1_000 : 0;
  } catch {
    return 0; // Not a JWT: another kind of token, which is then asked about each time.
  }
}

function textList(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
