// Replacing a CA while the mesh runs: first everybody trusts the new root too, then it signs, and the old root is forgotten
// when nothing that it signed is valid any more. What a replica has to know of it over a restart stands in the root ConfigMaps.
import { fingerprint } from "../../certs/certificate.ts";
import { type CaBundle, type CaSource, rootsVersion } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import type { StoredCa } from "./stored-ca.ts";
import {
  agreeOnRoots,
  type FormerRoots,
  generationOf,
  knownRoots,
  replaceRoots,
  retireInTime,
  rootsNow,
  type ToldRoots,
  trustedSinceMs,
} from "./trusted-roots.ts";

/** A CA that follows what is stored. */
export interface CaRotation extends CaSource {
  /** What stands in the Secret now. */
  offer(stored: StoredCa): void;
  /** Names the roots that are stored, by what this replica knows. */
  generation(): string;
  /** Hear what stands in the root ConfigMap. @returns false when its writer knew of other stored roots than this replica does. */
  hear(told: ToldRoots): boolean;
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
  const sign = (): void => {
    signing = stored;
    mayReplace = true;
  };
  /** Sign with what is stored as soon as everybody trusts it; at once where the key of the CA before is lost. */
  const signInTime = (): void => {
    steps.abort();
    steps = new AbortController();
    const atMs = trustedSinceMs(stored, roots) + spread;
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
  const retire = (): void => {
    const onGone = (): void => {
      // Whoever brings the time forward does not wait for the new root to spread.
      steps.abort();
      sign();
      publish();
    };
    retireInTime(roots, { stored: () => stored, clock, onGone }, signal);
  };
  retire();
  return {
    current: () => current,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    offer: (next) => {
      if (isSameCa(next, stored)) return;
      replaceRoots(roots, stored, next, clock.now());
      stored = next;
      retire();
      signInTime();
      publish();
    },
    generation: () => generationOf(stored),
    hear: (told) => {
      if (told.generation !== generationOf(stored)) return false;
      if (agreeOnRoots(roots, told, clock.now())) {
        retire();
        publish();
      }
      return true;
    },
  };
}

function isSameCa(a: CaBundle, b: CaBundle): boolean {
  const signerOf = ({ signing, intermediatesPem }: CaBundle): string =>
    fingerprint(signing.certificatePem) + intermediatesPem;
  return signerOf(a) === signerOf(b) && rootsVersion(a) === rootsVersion(b);
}
