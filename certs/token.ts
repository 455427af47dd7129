// Service account tokens of a mesh without Kubernetes: JWTs shaped like the projected ones, signed with the CA's key (ES256).
// @see https://kubernetes.io/docs/concepts/security/service-accounts/#projected-service-account-token; RFC 7515, 7518 3.4
import { createPrivateKey, type KeyObject, sign, verify } from "node:crypto";
import type { PrivateKeyPem } from "./private-key-pem.ts";

/** Who a token speaks for. */
export interface TokenClaims {
  readonly issuer: string;
  /** "istio-ca" for the control plane. */
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly namespace: string;
  readonly pod: { readonly name: string; readonly uid: string };
  readonly serviceAccount: string;
}

export type TokenVerdict =
  | { readonly ok: true; readonly claims: TokenClaims }
  /** A sentence without a full stop, and without the token. */
  | { readonly ok: false; readonly reason: string };

/** Projected tokens have about 1 kB; more than this is not looked at. */
const maximumTokenBytes = 16_384;

/** The token as `header.payload.signature`. */
export function signToken(caKey: PrivateKeyPem, claims: TokenClaims): string {
  const payload = {
    iss: claims.issuer,
    aud: claims.audiences,
    exp: claims.expiresAt,
    sub: `system:serviceaccount:${claims.namespace}:${claims.serviceAccount}`,
    "kubernetes.io": {
      namespace: claims.namespace,
      pod: claims.pod,
      serviceaccount: { name: claims.serviceAccount },
    },
  };
  const signed = `${encodePart({ alg: "ES256", typ: "JWT" })}.${encodePart(payload)}`;
  const key = createPrivateKey(caKey.reveal());
  const signature = sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
  return `${signed}.${signature.toString("base64url")}`;
}

/** Whether the CA signed this token, for this audience, and it has not expired (`now` in milliseconds since 1970). */
export function verifyToken(
  caPublicKey: KeyObject,
  token: string,
  expected: { readonly now: number; readonly audience: string },
): TokenVerdict {
  if (token.length > maximumTokenBytes) return refused("the token is longer than any that is issued here");
  const [header = "", payload = "", signature = "", more] = token.split(".");
  if (signature === "" || more !== undefined) return refused("the token does not have three parts");
  const parsedHeader = decodePart(header);
  if (!isRecord(parsedHeader) || parsedHeader["alg"] !== "ES256") return refused("the token is not signed with ES256");
  const authentic = verify(
    "sha256",
    Buffer.from(`${header}.${payload}`),
    { key: caPublicKey, dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!authentic) return refused("the token was not signed by this mesh");
  const claims = parseClaims(decodePart(payload));
  if (claims === undefined) return refused("the token does not say which pod and service account it is for");
  if (claims.expiresAt * 1_000 <= expected.now) return refused("the token has expired");
  if (!claims.audiences.includes(expected.audience)) {
    return refused(`the token is for "${claims.audiences.join(", ")}", not for "${expected.audience}"`);
  }
  return { ok: true, claims };
}

function parseClaims(payload: unknown): TokenClaims | undefined {
  if (!isRecord(payload)) return undefined;
  const { iss, aud, exp, sub, "kubernetes.io": kubernetes } = payload;
  if (!isRecord(kubernetes)) return undefined;
  const { namespace, pod, serviceaccount } = kubernetes;
  if (!isRecord(pod) || !isRecord(serviceaccount)) return undefined;
  const texts = [iss, sub, namespace, pod["name"], pod["uid"], serviceaccount["name"]];
  const [issuer, subject, namespaceName, podName, podUid, serviceAccount] = texts.map(textOf);
  if (!issuer || !namespaceName || !podName || podUid === undefined || !serviceAccount) return undefined;
  if (typeof exp !== "number" || subject !== `system:serviceaccount:${namespaceName}:${serviceAccount}`)
    return undefined;
  return {
    issuer,
    audiences: (Array.isArray(aud) ? aud : [aud]).filter((item) => typeof item === "string"),
    expiresAt: exp,
    namespace: namespaceName,
    pod: { name: podName, uid: podUid },
    serviceAccount,
  };
}

const refused = (reason: string): TokenVerdict => ({ ok: false, reason });
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const encodePart = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function decodePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return undefined; // Somebody sent something that is no JSON: the caller refuses it like any other wrong part.
  }
}
