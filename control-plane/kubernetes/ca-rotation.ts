// Replacing a CA while the mesh runs: first everybody trusts the new root too, then it signs, and the old root is forgotten
// when nothing that it signed is valid any more. Replicas count from when the Secret was written, so they agree.
import { X509Certificate } from "node:crypto";
import { fingerprint } from "../../certs/certificate.ts";
import { type CaBundle, type CaSource, rootsVersion, splitPem } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import { type StoredCa, unique } from "./stored-ca.ts";

/** A CA that follows what is stored. */
export interface CaRotation extends CaSource {
  /** What stands in the Secret now. */
  offer(stored: StoredCa): void;
}

/** Kubelets bring a changed ConfigMap into pods within a minute or so. */
export const spreadMs = 120_000;
/** Longer than the life of a workload's certificate (24 h). */
export const retireMs = 25 * 3_600_000;

export interface RotationOptions {
  readonly stored: StoredCa;
  /** Roots that were trusted before this process started. */
  readonly formerRoots: readonly string[];
  readonly clock: Clock;
}

/** Follow what is stored until `signal` is aborted. */
export function rotateCa({ stored: first, formerRoots, clock }: RotationOptions, signal: AbortSignal): CaRotation {
  const listeners = new Set<() => void>();
  /** Roots that are not stored any more, and when they are forgotten. */
  const retired = new Map<string, number>();
  let stored = first;
  let signing: CaBundle = first;
  let steps = new AbortController();

  const bundle = (): CaBundle => {
    const old = [...retired.keys()].toSorted();
    const roots = unique([...stored.roots, ...old]).filter((root) => isValid(root, clock.now()));
    return { signing: signing.signing, intermediatesPem: signing.intermediatesPem, roots };
  };
  let current = bundle();
  const publish = (): void => {
    const next = bundle();
    const isSame = signerOf(next) === signerOf(current) && rootsVersion(next) === rootsVersion(current);
    current = next;
    if (!isSame) for (const listener of listeners) listener();
  };
  const retire = (roots: readonly string[]): void => {
    const endMs = stored.writtenAtMs + retireMs;
    if (roots.length === 0 || endMs <= clock.now()) return;
    for (const root of roots) retired.set(root, endMs);
    clock.at(endMs, signal, () => {
      for (const [root, untilMs] of retired) if (untilMs <= clock.now()) retired.delete(root);
      publish();
    });
  };
  const offer = (next: StoredCa): void => {
    const former = current;
    stored = next;
    for (const root of next.roots) retired.delete(root);
    retire(former.roots.filter((root) => !next.roots.includes(root)));
    steps.abort();
    steps = new AbortController();
    // The old one goes on signing until everybody trusts what the new one signs.
    const isTrusted = former.roots.some((root) => leadsTo(next, root));
    if (isTrusted) signing = next;
    else {
      const atMs = Math.max(next.writtenAtMs, clock.now() - spreadMs) + spreadMs;
      clock.at(atMs, AbortSignal.any([signal, steps.signal]), () => {
        signing = next;
        publish();
      });
    }
    publish();
  };
  retire(unique(formerRoots).filter((root) => !first.roots.includes(root)));
  current = bundle();
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    offer: (next) => {
      const isSame = signerOf(next) === signerOf(stored) && rootsVersion(next) === rootsVersion(stored);
      if (!isSame) offer(next);
    },
  };
}

const signerOf = ({ signing }: CaBundle): string => fingerprint(signing.certificatePem);

const isValid = (root: string, now: number): boolean => Date.parse(new X509Certificate(root).validTo) > now;

/** Whether what this bundle signs is accepted by who trusts that root. */
function leadsTo({ signing, intermediatesPem }: CaBundle, root: string): boolean {
  const issuer = new X509Certificate(root);
  // The intermediates end with the one that a root signed.
  const last = new X509Certificate(splitPem(intermediatesPem).at(-1) ?? signing.certificatePem);
  return last.checkIssued(issuer) && last.verify(issuer.publicKey);
}
