// Replacing a CA while the mesh runs: first everybody trusts the new root too, then it signs, and the old root is forgotten
// when nothing that it signed is valid any more. What a replica has to know of it over a restart stands in the root ConfigMaps.
import { fingerprint } from "../../certs/certificate.ts";
import { type CaBundle, type CaSource, rootsVersion } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import type { StoredCa } from "./stored-ca.ts";
import { type FormerRoots, knownRoots, replaceRoots, retireInTime, rootsNow, trustedSinceMs } from "./trusted-roots.ts";

/** A CA that follows what is stored. */
export interface CaRotation extends CaSource {
  /** What stands in the Secret now. */
  offer(stored: StoredCa): void;
}

/** Kubelets bring a changed ConfigMap into pods within a minute or so. */
export const spreadMs = 120_000;

export interface RotationOptions {
  readonly stored: StoredCa;
  readonly former: FormerRoots;
  readonly clock: Clock;
  /** From trusting a root to using what it vouches for; {@link spreadMs} by default. */
  readonly spreadMs?: number;
}

/** Follow what is stored until `signal` is aborted. */
export function rotateCa(options: RotationOptions, signal: AbortSignal): CaRotation {
  const { clock, former } = options;
  const spread = options.spreadMs ?? spreadMs;
  const listeners = new Set<() => void>();
  const roots = knownRoots(options.stored, former, clock.now());
  let stored = options.stored;
  let signing: CaBundle = stored;
  let mayReplace = false;
  let steps = new AbortController();

  const bundle = (): CaBundle => {
    const { signing: ca, intermediatesPem } = signing;
    return { signing: ca, intermediatesPem, ...rootsNow(roots, stored, clock.now()), mayReplace };
  };
  const publish = (): void => {
    const next = bundle();
    const isSame = isSameCa(next, current) && next.mayReplace === current.mayReplace;
    current = next;
    if (!isSame) for (const listener of listeners) listener();
  };
  /** Sign with what is stored as soon as everybody trusts it; at once where the key of the CA before is lost. */
  const signInTime = (): void => {
    steps.abort();
    steps = new AbortController();
    const atMs = trustedSinceMs(stored, roots) + spread;
    const sign = (): void => {
      signing = stored;
      mayReplace = true;
    };
    if (atMs <= clock.now()) {
      sign();
      return;
    }
    if (!mayReplace) signing = stored;
    clock.at(atMs, AbortSignal.any([signal, steps.signal]), () => {
      sign();
      publish();
    });
  };
  signInTime();
  let current = bundle();
  retireInTime(roots, clock, signal, publish);
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    offer: (next) => {
      if (isSameCa(next, stored)) return;
      stored = next;
      replaceRoots(roots, next, clock.now());
      retireInTime(roots, clock, signal, publish);
      signInTime();
      publish();
    },
  };
}

function isSameCa(a: CaBundle, b: CaBundle): boolean {
  const signerOf = ({ signing, intermediatesPem }: CaBundle): string =>
    fingerprint(signing.certificatePem) + intermediatesPem;
  return signerOf(a) === signerOf(b) && rootsVersion(a) === rootsVersion(b);
}
