// How a CA signs, which its key decides: RSA, or ECDSA on P-256 and P-384. Those are what Envoy, Go and OpenSSL all verify.
// @see RFC 4055, 5 (RSA); RFC 5758, 3.2 (ECDSA)
import { type KeyObject, sign } from "node:crypto";
import { type Asn1, nothing, objectId, sequence } from "./der.ts";

/** A way to sign. */
export interface SignatureAlgorithm {
  /** AlgorithmIdentifier, as it stands in the certificate twice. */
  readonly identifier: Asn1;
  sign(bytes: Uint8Array): Buffer;
}

/** Shorter RSA keys are refused by today's TLS stacks. */
const shortestRsaBits = 2_048;

const ecdsa: Readonly<Record<string, { readonly id: string; readonly digest: string }>> = {
  prime256v1: { id: "1.2.840.10045.4.3.2", digest: "sha256" },
  secp384r1: { id: "1.2.840.10045.4.3.3", digest: "sha384" },
};
const sha256WithRsa = "1.2.840.113549.1.1.11";

/** How this private key signs certificates; undefined where its kind does not: see {@link describeKey}. */
export function signatureAlgorithm(key: KeyObject): SignatureAlgorithm | undefined {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa" && modulusLength >= shortestRsaBits) {
    // RFC 4055 wants the parameters to be there, as NULL.
    const identifier = sequence(objectId(sha256WithRsa), nothing());
    return { identifier, sign: (bytes) => sign("sha256", bytes, key) };
  }
  const known = key.asymmetricKeyType === "ec" ? ecdsa[namedCurve] : undefined;
  if (known === undefined) return undefined;
  return { identifier: sequence(objectId(known.id)), sign: (bytes) => sign(known.digest, bytes, key) };
}

/** The sort of key in a few words: "RSA, 1024 bits", "EC, secp521r1", "ed25519". */
export function describeKey(key: KeyObject): string {
  const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "rsa") return `RSA, ${modulusLength ?? 0} bits`;
  if (key.asymmetricKeyType === "ec") return `EC, ${namedCurve ?? "unknown curve"}`;
  return key.asymmetricKeyType ?? "unknown";
}
