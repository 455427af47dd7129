// Reading the authority of a request ("reviews:9080", "[fd00::1]:80") and IP addresses and prefixes, as plain text.
import { isIP } from "node:net";

/** The authority without its port and without the brackets of an IPv6 address. */
export function withoutPort(authority: string): string {
  if (authority.startsWith("[")) return authority.slice(1, authority.indexOf("]"));
  const colon = authority.indexOf(":");
  const single = colon !== -1 && authority.indexOf(":", colon + 1) === -1;
  return single ? authority.slice(0, colon) : authority;
}

/** Whether the text is an IPv4 or IPv6 address. */
export function isIpAddress(text: string): boolean {
  return isIP(text) !== 0;
}

/** Whether the text is an address with a prefix length, such as 10.0.0.0/8. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash === -1) return false;
  const length = text.slice(slash + 1);
  const version = isIP(text.slice(0, slash));
  return version !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (version === 4 ? 32 : 128);
}

/** The network of `length` bits that an address lies in: 10.1.2.3 and 24 give "10.1.2.0/24". */
export function prefixOf(address: string, length: number): string {
  const bits = addressBits(address);
  const width = isIP(address) === 4 ? 32n : 128n;
  const kept = (bits >> (width - BigInt(length))) << (width - BigInt(length));
  return `${addressText(kept, width)}/${length}`;
}

/** One form for each address and each prefix, so that two of them are the same text; other texts stay as they are. */
export function canonicalAddress(text: string): string {
  const [address = "", length] = text.split("/");
  if (isIP(address) === 0 || address.includes("%") || (length !== undefined && !isCidr(text))) return text;
  const width = isIP(address) === 4 ? 32 : 128;
  const prefix = prefixOf(address, length === undefined ? width : Number(length));
  return prefix.endsWith(`/${width}`) ? prefix.slice(0, prefix.indexOf("/")) : prefix;
}

/** Whether an address lies in a prefix; a prefix without a slash is one address. */
export function isInPrefix(address: string, prefix: string): boolean {
  const slash = prefix.indexOf("/");
  const network = slash === -1 ? prefix : prefix.slice(0, slash);
  if (isIP(network) !== isIP(address) || isIP(address) === 0) return false;
  const width = isIP(address) === 4 ? 32 : 128;
  const length = slash === -1 ? width : Number(prefix.slice(slash + 1));
  const shift = BigInt(width - length);
  return addressBits(address) >> shift === addressBits(network) >> shift;
}

function addressBits(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const low = addressBits(dotted[2]);
    return addressBits(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros: string[] = new Array<string>(8 - left.length - right.length).fill("0");
  return [...left, ...zeros, ...right].reduce((bits, part) => (bits << 16n) | BigInt(`0x${part}`), 0n);
}

function addressText(bits: bigint, width: bigint): string {
  if (width === 32n) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 0xffn)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const text = groups.join(":");
  const zeros = [...text.matchAll(/(?<=^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length)[0];
  if (zeros === undefined) return text;
  const before = text.slice(0, zeros.index).replace(/:$/, "");
  const after = text.slice(zeros.index + zeros[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
