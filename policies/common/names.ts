// What is wrong with a host name, a label, an address: the phrase that completes "host "x" …", or nothing.
import { isCidr, isIpAddress } from "../../model/authority.ts";

const label = /^[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?$/;
/** A DNS label as Kubernetes takes it. */
export const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** Limits of a host name. */
export interface HostForm {
  /** Whether the first label may be "*", or the whole host. */
  readonly wildcard: boolean;
  /** Whether an IP address may stand for a host. */
  readonly address?: boolean;
}

/** What is wrong with a host; undefined when nothing is. */
export function hostFault(host: string, form: HostForm): string | undefined {
  if (host === "") return "is empty";
  if (host.length > 255) return `has ${host.length} characters, more than the 255 that DNS has room for`;
  if (form.address === true && isIpAddress(host)) return undefined;
  if (host === "*") return form.wildcard ? undefined : "stands for every host";
  const labels = host.replace(/\.$/, "").split(".");
  for (const [index, part] of labels.entries()) {
    const text = form.wildcard && index === 0 ? part.replace(/^\*-?/, "") : part;
    if (text === "" && index === 0 && part === "*") continue;
    if (part.includes("*") && text === part) return `has a * in "${part}", and only the first label may begin with one`;
    if (text.length > 63 || !label.test(text)) return `has the label "${part}", which DNS does not allow`;
  }
  const last = labels.at(-1) ?? "";
  return labels.length > 1 && /^\d+$/.test(last) ? `ends with the number "${last}", as an address does` : undefined;
}

/** What is wrong with an address or prefix; undefined when nothing is. */
export function addressFault(text: string): string | undefined {
  if (isIpAddress(text) || isCidr(text)) return undefined;
  return text.includes("/") ? "is no network such as 10.0.0.0/8" : "is no IP address";
}

/** What is wrong with a port number; undefined when nothing is. */
export function portFault(port: number): string | undefined {
  return port >= 1 && port <= 65535 ? undefined : "is outside of 1 to 65535";
}
