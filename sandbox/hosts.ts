// Names for pods without a DNS server: every pod's own hosts file.

/** One service (or outside host) and the addresses that its names stand for. */
export interface NamedService {
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
}

/** What a pod's hosts file is made of. */
export interface HostsInput {
  readonly pod: { readonly name: string; readonly namespace: string; readonly address: string };
  readonly services: readonly NamedService[];
  /** Other names, such as an outside server's or the control plane's. */
  readonly extra: readonly { readonly host: string; readonly address: string }[];
  readonly clusterDomain: string;
}

/**
 * The text of `/etc/hosts`: "details" (in its own namespace only), "details.shop", "details.shop.svc" and
 * "details.shop.svc.cluster.local" for each address of each service.
 */
export function hostsText(input: HostsInput): string {
  const { pod, clusterDomain } = input;
  const lines = ["127.0.0.1 localhost", "::1 localhost", `${pod.address} ${pod.name}`];
  for (const { host, address } of input.extra) lines.push(`${address} ${host}`);
  for (const service of input.services) {
    const full = `${service.name}.${service.namespace}`;
    const short = service.namespace === pod.namespace ? [service.name] : [];
    const names = [...short, full, `${full}.svc`, `${full}.svc.${clusterDomain}`].join(" ");
    for (const address of service.addresses) lines.push(`${address} ${names}`);
  }
  return `${lines.join("\n")}\n`;
}
