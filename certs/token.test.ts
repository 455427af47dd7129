import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { caPublicKey, createCa } from "./ca.ts";
import { signToken, type TokenClaims, verifyToken } from "./token.ts";

const newKeyPair = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const now = Date.UTC(2026, 0, 1);
const ca = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const claims: TokenClaims = {
  issuer: "pillion",
  audiences: ["istio-ca"],
  expiresAt: now / 1_000 + 3_600,
  namespace: "shop",
  pod: { name: "reviews-1", uid: "5f3c" },
  serviceAccount: "reviews",
};
const token = signToken(ca.privateKey, claims);
const check = (text: string, at = now, audience = "istio-ca") =>
  verifyToken(caPublicKey(ca), text, { now: at, audience });
const foreign = createCa({ now, newKeyPair, trustDomain: "cluster.local" });
const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${token.split(".")[1]}.`;
const withPayload = (payload: unknown): string =>
  [token.split(".")[0], Buffer.from(JSON.stringify(payload)).toString("base64url"), token.split(".")[2]].join(".");

test("verifyToken() gives back the claims that signToken() was given", () => {
  expect(check(token)).toEqual({ ok: true, claims });
});

test("signToken() shapes claims as Kubernetes does", () => {
  expect(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())).toEqual({
    iss: "pillion",
    aud: ["istio-ca"],
    exp: claims.expiresAt,
    sub: "system:serviceaccount:shop:reviews",
    "kubernetes.io": {
      namespace: "shop",
      pod: { name: "reviews-1", uid: "5f3c" },
      serviceaccount: { name: "reviews" },
    },
  });
});

test.each([
  { name: "an expired token", verdict: check(token, now + 3_600_000), reason: "has expired" },
  { name: "another audience", verdict: check(token, now, "vault"), reason: 'not for "vault"' },
  { name: "a foreign CA", verdict: check(signToken(foreign.privateKey, claims)), reason: "not signed by this mesh" },
  { name: "an altered payload", verdict: check(withPayload({ ...claims })), reason: "not signed by this mesh" },
  { name: "no signature", verdict: check(unsigned), reason: "three parts" },
  { name: "alg none", verdict: check(`${unsigned}AA`), reason: "ES256" },
  { name: "no token", verdict: check("hello"), reason: "three parts" },
  { name: "an endless token", verdict: check("a".repeat(20_000)), reason: "longer" },
])("verifyToken() refuses $name", ({ verdict, reason }) => {
  expect(verdict).toEqual({ ok: false, reason: expect.stringContaining(reason) as string });
});

test("verifyToken() refuses a token with any one character changed", () => {
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom("A", "z", "7", "-"), (at, character) => {
      const altered = token.slice(0, at) + character + token.slice(at + 1);
      // The last character of a base64url part may carry unused bits: only then may other text be the same bytes.
      const sameBytes = altered.split(".").every((part, i) => {
        return Buffer.from(part, "base64url").equals(Buffer.from(token.split(".")[i] ?? "", "base64url"));
      });
      fc.pre(!sameBytes);
      expect(check(altered).ok).toBe(false);
    }),
  );
});
