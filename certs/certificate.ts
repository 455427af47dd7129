// A signed X.509 certificate from its parts. node-forge's own builder knows RSA only; ours signs as the issuer's key does.
// @see RFC 5280, 4.1
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { assert } from "../base/assert.ts";
import { type Asn1, bits, childrenOf, decode, encode, explicit, integer, pem, sequence, time } from "./der.ts";
import { signatureAlgorithm } from "./signature.ts";

/** Made outside, because keys are randomness: `() => generateKeyPairSync("ec", { namedCurve: "P-256" })`. */
export type NewKeyPair = () => { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

/** What is signed. */
export interface CertificateParts {
  readonly issuer: Asn1;
  readonly subject: Asn1;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly extensions: readonly Asn1[];
  /** The issuer's key, of a kind that {@link signatureAlgorithm} knows. */
  readonly signWith: KeyObject;
}

/** The certificate as PEM. Its serial number is a hash of key and time, so it needs no counter and no randomness. */
export function buildCertificate(parts: CertificateParts): string {
  const algorithm = signatureAlgorithm(parts.signWith);
  assert(algorithm !== undefined, "a CA was parsed with a key that signs");
  const spki = parts.publicKey.export({ type: "spki", format: "der" });
  const toBeSigned = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serialNumber(spki, parts.notBeforeMs)),
    algorithm.identifier,
    parts.issuer,
    sequence(time(parts.notBeforeMs), time(parts.notAfterMs)),
    parts.subject,
    decode(spki),
    explicit(3, sequence(...parts.extensions)),
  );
  const signature = algorithm.sign(encode(toBeSigned));
  return pem("CERTIFICATE", encode(sequence(toBeSigned, algorithm.identifier, bits(signature))));
}

/** The subject of a certificate, as the issuer of what it signs has to repeat it byte for byte. */
export function subjectOf(certificatePem: string): Asn1 {
  const [toBeSigned] = childrenOf(decode(new X509Certificate(certificatePem).raw));
  // version, serialNumber, signature, issuer, validity, subject
  return childrenOf(toBeSigned)[5] ?? sequence();
}

/** SHA-256 of the (first) certificate, hex. */
export function fingerprint(certificatePem: string): string {
  return createHash("sha256").update(new X509Certificate(certificatePem).raw).digest("hex");
}

function serialNumber(spki: Uint8Array, notBeforeMs: number): Uint8Array {
  const hash = createHash("sha256").update(spki).update(String(notBeforeMs)).digest().subarray(0, 16);
  // Never zero and never with leading zeros, which DER forbids in integers.
  hash[0] = (hash[0] ?? 0) | 0x40;
  return hash;
}
