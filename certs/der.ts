// The few ASN.1 shapes that a certificate is made of, as DER.
import forge from "node-forge";

const { asn1 } = forge;

/** One ASN.1 value. */
export type Asn1 = forge.asn1.Asn1;

export const sequence = (...items: readonly Asn1[]): Asn1 => universal(asn1.Type.SEQUENCE, [...items]);
export const set = (...items: readonly Asn1[]): Asn1 => universal(asn1.Type.SET, [...items]);
export const objectId = (dotted: string): Asn1 => universal(asn1.Type.OID, asn1.oidToDer(dotted).getBytes());
export const nothing = (): Asn1 => universal(asn1.Type.NULL, "");
export const boolean = (value: boolean): Asn1 => universal(asn1.Type.BOOLEAN, value ? "\xff" : "\x00");
export const utf8 = (text: string): Asn1 => universal(asn1.Type.UTF8, Buffer.from(text, "utf8").toString("latin1"));
export const octets = (bytes: Uint8Array): Asn1 => universal(asn1.Type.OCTETSTRING, binary(bytes));
/** Whole bytes: no bit is unused. */
export const bits = (bytes: Uint8Array, unused = 0): Asn1 =>
  universal(asn1.Type.BITSTRING, String.fromCharCode(unused) + binary(bytes));
/** A positive integer, most significant byte first. */
export const integer = (bytes: Uint8Array): Asn1 =>
  universal(asn1.Type.INTEGER, ((bytes[0] ?? 0) > 0x7f ? "\x00" : "") + binary(bytes));
/** `[tag]` around other values. */
export const explicit = (tag: number, ...items: readonly Asn1[]): Asn1 =>
  asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, true, [...items]);
/** `[tag]` in place of a primitive type's own tag. */
export const implicit = (tag: number, bytes: Uint8Array): Asn1 =>
  asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag, false, binary(bytes));

/** RFC 5280, 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. */
export function time(ms: number): Asn1 {
  const date = new Date(ms);
  return date.getUTCFullYear() < 2050
    ? universal(asn1.Type.UTCTIME, asn1.dateToUtcTime(date))
    : universal(asn1.Type.GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

export function encode(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), "latin1");
}

export function decode(der: Uint8Array): Asn1 {
  return asn1.fromDer(binary(der));
}

/** The values inside a constructed value; none for a primitive one. */
export function childrenOf(value: Asn1 | undefined): readonly Asn1[] {
  return Array.isArray(value?.value) ? value.value : [];
}

/** The bytes of a value without its tag and its length. */
export function contentOf(value: Asn1): Buffer {
  const der = encode(value);
  const length = der[1] ?? 0;
  // A length of 128 and more stands in as many bytes as the low bits of its first byte say.
  return der.subarray(length < 0x80 ? 2 : 2 + (length & 0x7f));
}

/** PEM text with lines of 64 characters. */
export function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

function universal(type: forge.asn1.Type, value: Asn1[] | string): Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, typeof value !== "string", value);
}

/** node-forge keeps bytes as strings of one character each. */
function binary(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
