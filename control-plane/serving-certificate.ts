// The control plane's own certificate for webhooks and proxies: signed by its CA, renewed while it runs.
import type { Issued } from "../certs/ca.ts";
import { fingerprint } from "../certs/certificate.ts";
import { renewAtMs } from "../certs/renewal.ts";
import { type CaSource, issueFrom } from "./ca-bundle.ts";
import type { Clock } from "./clock.ts";
import { newKeyPair } from "./keys.ts";

/** A certificate that changes before it expires. */
export interface ServingCertificate {
  current(): Issued;
  /** Look whether clients use other names by now. */
  refresh(): void;
  /** @returns the way to stop. */
  subscribe(listener: () => void): () => void;
}

/**
 * Names by which the API server and proxies call the control plane; Istio's, so that webhook configurations carry over.
 * `clusterDomain` is what the cluster's DNS adds, which is not the trust domain of identities.
 */
export function servingNames(service: string, namespace: string, clusterDomain: string): readonly string[] {
  const name = `${service}.${namespace}`;
  return [`${name}.svc`, name, `${name}.svc.${clusterDomain}`, "localhost"];
}

/** Renews until `signal` is aborted, and when another CA signs. `hosts` gives the names and addresses that clients use. */
export function createServingCertificate(
  ca: CaSource,
  hosts: () => readonly string[],
  clock: Clock,
  signal: AbortSignal,
): ServingCertificate {
  const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host);
  let names: readonly string[] = [];
  const make = (): Issued => {
    names = hosts();
    return issueFrom(ca.current(), {
      now: clock.now(),
      newKeyPair,
      dnsNames: [...new Set(names.filter((host) => !isAddress(host)))],
      ipAddresses: [...new Set(["127.0.0.1", "::1", ...names.filter(isAddress)])],
    });
  };
  const listeners = new Set<() => void>();
  let current = make();
  const renew = (): void => {
    current = make();
    for (const listener of listeners) listener();
  };
  let planned = new AbortController();
  const plan = (): void => {
    planned = new AbortController();
    clock.at(renewAtMs(current, 0), AbortSignal.any([planned.signal, signal]), () => {
      renew();
      plan();
    });
  };
  plan();
  const renewNow = (): void => {
    planned.abort();
    renew();
    plan();
  };
  const unsubscribe = ca.subscribe(() => {
    if (fingerprint(ca.current().signing.certificatePem) !== current.caFingerprint) renewNow();
  });
  signal.addEventListener("abort", unsubscribe, { once: true });
  return {
    current: () => current,
    refresh: () => {
      if (hosts().join() !== names.join()) renewNow();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
