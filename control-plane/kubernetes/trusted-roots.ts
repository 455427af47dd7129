// Since when and until when each root is trusted, while one takes the place of another.
import { X509Certificate } from "node:crypto";
import { type CaBundle, splitPem } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import { isSignedBy } from "./ca-path.ts";
import { unique } from "./stored-ca.ts";

/** What proxies trust already when this process starts. */
export interface FormerRoots {
  readonly roots: readonly string[];
  /** When the newest of them came, in milliseconds since 1970; 0 when they have been there from the beginning. */
  readonly sinceMs: number;
}

/** Roots that are trusted, by their PEM; times in milliseconds since 1970. */
export interface TrustedRoots {
  readonly since: Map<string, number>;
  /** Of those that are not stored any more. */
  readonly until: Map<string, number>;
}

/** Longer than the life of a workload's certificate (24 h) and the time in which the old CA goes on signing. */
export const retireMs = 25 * 3_600_000;

/** At the start. Of a mesh that begins now nobody has to learn anything. */
export function knownRoots(stored: Pick<CaBundle, "roots">, former: FormerRoots, now: number): TrustedRoots {
  const known = unique(former.roots);
  const hasAdded = known.length > 0 && stored.roots.some((root) => !known.includes(root));
  const untilMs = (hasAdded ? now : former.sinceMs) + retireMs;
  const retired = untilMs > now ? known.filter((root) => !stored.roots.includes(root)) : [];
  const newMs = hasAdded ? now : 0;
  const sinceMs = (root: string): number => (known.includes(root) ? former.sinceMs : newMs);
  return {
    since: new Map([...stored.roots, ...retired].map((root) => [root, sinceMs(root)])),
    until: new Map(retired.map((root) => [root, untilMs])),
  };
}

/** Other roots are stored from now on. */
export function replaceRoots({ since, until }: TrustedRoots, next: Pick<CaBundle, "roots">, now: number): void {
  for (const root of since.keys()) {
    if (next.roots.includes(root)) until.delete(root);
    else if (!until.has(root)) until.set(root, now + retireMs);
  }
  for (const root of next.roots) if (!since.has(root)) since.set(root, now);
}

/** Since when a root is trusted that this bundle leads to. */
export function trustedSinceMs(bundle: CaBundle, { since }: TrustedRoots): number {
  return Math.min(...[...since].filter(([root]) => leadsTo(bundle, root)).map(([, sinceMs]) => sinceMs));
}

/** What a bundle says of roots: the stored ones first, then those that are on their way out, in an order that replicas agree on. */
export function rootsNow(
  { since }: TrustedRoots,
  stored: Pick<CaBundle, "roots">,
  now: number,
): Pick<CaBundle, "roots" | "rootsSinceMs"> {
  const old = [...since.keys()].filter((root) => !stored.roots.includes(root)).toSorted();
  const isValid = (root: string): boolean => Date.parse(new X509Certificate(root).validTo) > now;
  return { roots: [...stored.roots, ...old].filter(isValid), rootsSinceMs: Math.max(...since.values()) };
}

/** Forget roots when their time is up, unless they came back before. */
export function retireInTime(
  { since, until }: TrustedRoots,
  clock: Clock,
  signal: AbortSignal,
  onGone: () => void,
): void {
  for (const [root, untilMs] of until) {
    clock.at(untilMs, signal, () => {
      if (until.get(root) !== untilMs) return;
      until.delete(root);
      since.delete(root);
      onGone();
    });
  }
}

/** Whether what this bundle signs is accepted by who trusts that root. */
function leadsTo({ signing, intermediatesPem }: CaBundle, root: string): boolean {
  // The intermediates end with the one that a root signed.
  const last = new X509Certificate(splitPem(intermediatesPem).at(-1) ?? signing.certificatePem);
  return isSignedBy(last, new X509Certificate(root));
}
