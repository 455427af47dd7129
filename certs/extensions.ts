// X.509 extensions of a CA and of what it signs.
// @see RFC 5280, 4.2; https://github.com/spiffe/spiffe/blob/main/standards/X509-SVID.md
import { createHash, type KeyObject, type X509Certificate } from "node:crypto";
import {
  type Asn1,
  bits,
  boolean,
  childrenOf,
  contentOf,
  decode,
  encode,
  implicit,
  objectId,
  octets,
  sequence,
} from "./der.ts";
import { ipBytes } from "./ip-bytes.ts";

/** The names that a certificate vouches for. */
export interface AlternativeNames {
  /** `spiffe://TRUST_DOMAIN/…`; an SVID has exactly one. */
  readonly spiffe?: string | undefined;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
}

const ids = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Bits of keyUsage, counted from the most significant one: 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
const signsCertificates = bits(Uint8Array.of(0b0000_0110), 1);
const signsHandshakes = bits(Uint8Array.of(0b1000_0000), 7);

/** What a root says about itself. */
export function caExtensions(publicKey: KeyObject, trustDomain: string): Asn1[] {
  const keyId = keyIdentifier(publicKey);
  return [
    critical(ids.basicConstraints, sequence(boolean(true))),
    critical(ids.keyUsage, signsCertificates),
    extension(ids.subjectKeyIdentifier, octets(keyId)),
    extension(ids.authorityKeyIdentifier, sequence(implicit(0, keyId))),
    extension(ids.subjectAlternativeName, namesOf({ spiffe: `spiffe://${trustDomain}` })),
  ];
}

/** What a workload's or a server's certificate says. Its subject is empty, therefore its names are critical (RFC 5280, 4.2.1.6). */
export function leafExtensions(publicKey: KeyObject, issuerKeyId: Uint8Array, names: AlternativeNames): Asn1[] {
  const usages = names.spiffe === undefined ? [ids.serverAuth] : [ids.serverAuth, ids.clientAuth];
  return [
    critical(ids.basicConstraints, sequence()),
    critical(ids.keyUsage, signsHandshakes),
    extension(ids.extendedKeyUsage, sequence(...usages.map(objectId))),
    extension(ids.subjectKeyIdentifier, octets(keyIdentifier(publicKey))),
    extension(ids.authorityKeyIdentifier, sequence(implicit(0, issuerKeyId))),
    critical(ids.subjectAlternativeName, namesOf(names)),
  ];
}

/** The key identifier that a CA certificate states; computed from its key when it states none. */
export function keyIdentifierOf(certificate: X509Certificate): Uint8Array {
  const [toBeSigned] = childrenOf(decode(certificate.raw));
  const extensions = childrenOf(childrenOf(childrenOf(toBeSigned).at(-1))[0]);
  const id = encode(objectId(ids.subjectKeyIdentifier));
  for (const item of extensions) {
    const [itemId, value] = childrenOf(item);
    if (itemId === undefined || value === undefined || !encode(itemId).equals(id)) continue;
    // An OCTET STRING in an OCTET STRING.
    return contentOf(decode(contentOf(value)));
  }
  return keyIdentifier(certificate.publicKey);
}

/** SHA-1 over the public key's bits (RFC 5280, 4.2.1.2, method 1): a name, not a protection. */
function keyIdentifier(publicKey: KeyObject): Uint8Array {
  const [, keyBits] = childrenOf(decode(publicKey.export({ type: "spki", format: "der" })));
  // The first byte counts unused bits, and is no part of the key.
  const bytes = keyBits === undefined ? Buffer.alloc(0) : contentOf(keyBits).subarray(1);
  return createHash("sha1").update(bytes).digest();
}

function namesOf(names: AlternativeNames): Asn1 {
  const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");
  return sequence(
    ...(names.spiffe === undefined ? [] : [implicit(6, ascii(names.spiffe))]),
    ...(names.dnsNames ?? []).map((name) => implicit(2, ascii(name))),
    ...(names.ipAddresses ?? []).map((address) => implicit(7, ipBytes(address))),
  );
}

const extension = (id: string, value: Asn1): Asn1 => sequence(objectId(id), octets(encode(value)));
const critical = (id: string, value: Asn1): Asn1 => sequence(objectId(id), boolean(true), octets(encode(value)));
