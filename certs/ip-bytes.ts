// IP addresses as a certificate holds them: 4 or 16 bytes.
import { isIPv4, isIPv6 } from "node:net";
import { assert } from "../base/assert.ts";

/** "10.0.0.1" gives 4 bytes, "fd00::1" 16 in network order. */
export function ipBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split(".").map(Number));
  assert(isIPv6(address) && !address.includes("%"), `"${address}" is an IP address`);
  return Uint8Array.from(groupsOf(address).flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::", 2);
  const before = parseGroups(head);
  if (tail === undefined) return before;
  const after = parseGroups(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Groups of 16 bits; the last 32 may be written as an IPv4 address. */
function parseGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
