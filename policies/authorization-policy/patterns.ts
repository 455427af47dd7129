// Values of AuthorizationPolicies as sets: "abc", "abc*", "*abc", "*", networks. Does one hold all of another?
import { isCidr, isInPrefix, isIpAddress } from "../../model/authority.ts";

/** Whether all that `narrow` stands for is in `wide`; false also when that cannot be told. */
export function coversValue(field: string, wide: string, narrow: string): boolean {
  if (/ipblocks$|\.ip$/i.test(field)) return coversNetwork(wide, narrow);
  if (/hosts$/i.test(field)) return coversText(wide.toLowerCase(), narrow.toLowerCase());
  // An account without a namespace is of the policy's own, which may differ.
  if (/serviceAccounts$/i.test(field) && !(wide.includes("/") && narrow.includes("/"))) return false;
  return coversText(wide, narrow);
}

/** Whether every value of a list is in some value of another. */
export function coversList(field: string, wide: readonly string[], narrow: readonly string[]): boolean {
  return narrow.every((value) => wide.some((other) => coversValue(field, other, value)));
}

/** Whether a list has nothing that another has; false also when that cannot be told. */
export function isApart(field: string, a: readonly string[], b: readonly string[]): boolean {
  const isPlain = (value: string) => !/[*{/]/.test(value) || (/principals$/i.test(field) && !value.includes("*"));
  return [...a, ...b].every(isPlain) && !a.some((value) => b.some((other) => coversValue(field, other, value)));
}

function coversText(wide: string, narrow: string): boolean {
  if (wide === narrow) return wide !== "";
  // Templates of paths are compared as a whole only.
  if (wide === "" || narrow === "" || /[{}]/.test(wide + narrow)) return false;
  if (wide === "*") return true;
  if (wide.endsWith("*")) return !narrow.startsWith("*") && narrow.replace(/\*$/, "").startsWith(wide.slice(0, -1));
  if (wide.startsWith("*")) return !narrow.endsWith("*") && narrow.replace(/^\*/, "").endsWith(wide.slice(1));
  return false;
}

function coversNetwork(wide: string, narrow: string): boolean {
  if (![wide, narrow].every((text) => isIpAddress(text) || isCidr(text))) return false;
  const [address = "", length = "999"] = narrow.split("/");
  const [, wideLength = "999"] = wide.split("/");
  return Number(length) >= Number(wideLength) && isInPrefix(address, wide);
}
