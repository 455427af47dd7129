// The control plane's own certificate for webhooks and proxies: signed by its CA, renewed while it runs.
import { type Ca, type Issued, issue } from "../certs/ca.ts";
import { renewAtMs } from "../certs/renewal.ts";
import type { Clock } from "./clock.ts";
import { newKeyPair } from "./keys.ts";

/** A certificate that changes before it expires. */
export interface ServingCertificate {
  current(): Issued;
  /** @returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

/** Names by which the API server and proxies call the control plane; Istio's, so that webhook configurations carry over. */
export const servingNames = [
  "istiod.istio-system.svc",
  "istiod.istio-system",
  "istiod.istio-system.svc.cluster.local",
  "localhost",
];

/** Renews until `signal` is aborted. `hosts` are more names or addresses that clients use. */
export function createServingCertificate(
  ca: Ca,
  hosts: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): ServingCertificate {
  const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
  const make = (): Issued =>
    issue(ca, {
      now: clock.now(),
      newKeyPair,
      dnsNames: [...new Set([...servingNames, ...hosts.filter((host) => !isAddress(host))])],
      ipAddresses: [...new Set(["127.0.0.1", "::1", ...hosts.filter(isAddress)])],
    });
  const listeners = new Set<() => void>();
  let current = make();
  const plan = (): void => {
    clock.at(renewAtMs(current, 0), signal, () => {
      current = make();
      for (const listener of listeners) listener();
      plan();
    });
  };
  plan();
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
