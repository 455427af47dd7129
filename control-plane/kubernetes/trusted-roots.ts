// Which roots are trusted, and until when, while one takes the place of another. All replicas go by the same rule and by the
// same time, which stands in the root ConfigMap: a root that is not stored any more goes when 25 hours have passed since the
// stored roots changed. So replicas that know of different roots, or have different clocks, come to the same end.
import { X509Certificate } from "node:crypto";
import { type CaBundle, rootsVersion, splitPem } from "../ca-bundle.ts";
import type { Clock } from "../clock.ts";
import { isSignedBy } from "./ca-path.ts";
import { unique } from "./stored-ca.ts";

/** What proxies trust already when this process starts. */
export interface FormerRoots {
  readonly roots: readonly string[];
  /** When the stored roots changed last, in milliseconds since 1970; 0 when they have been there from the beginning. */
  readonly sinceMs: number;
}

/** What a replica wrote that may be another one. */
export interface ToldRoots extends FormerRoots {
  /** Of the roots that were stored when it was written: see {@link generationOf}. */
  readonly generation: string;
}

/** Roots that are trusted; times in milliseconds since 1970. */
export interface TrustedRoots {
  /** Since when, by PEM. */
  readonly since: Map<string, number>;
  /** When the stored roots changed last; 0: never, as far as is known. */
  changedMs: number;
}

type Stored = Pick<CaBundle, "roots">;

/** Longer than the life of a workload's certificate (24 h) and the time in which the old CA goes on signing. */
export const retireMs = 25 * 3_600_000;

/** The same for the same stored roots in whatever order and process. */
export function generationOf({ roots }: Stored): string {
  return rootsVersion({ roots: roots.toSorted() }).slice(0, 16);
}

/** At the start. Of a mesh that begins now nobody has to learn anything. */
export function knownRoots(stored: Stored, former: FormerRoots, now: number): TrustedRoots {
  const known = unique(former.roots);
  const hasAdded = known.length > 0 && stored.roots.some((root) => !known.includes(root));
  const changedMs = hasAdded ? now : former.sinceMs;
  const retired = changedMs + retireMs > now ? known.filter((root) => !stored.roots.includes(root)) : [];
  const newMs = hasAdded ? now : 0;
  const sinceMs = (root: string): number => (known.includes(root) ? former.sinceMs : newMs);
  return { since: new Map([...stored.roots, ...retired].map((root) => [root, sinceMs(root)])), changedMs };
}

/** Other roots are stored from now on. */
export function replaceRoots(trusted: TrustedRoots, before: Stored, next: Stored, now: number): void {
  if (generationOf(before) === generationOf(next)) return;
  trusted.changedMs = now;
  for (const root of next.roots) if (!trusted.since.has(root)) trusted.since.set(root, now);
}

/**
 * Agree with who wrote that about the same stored roots: the earlier time counts, and whoever trusts more is followed as long as
 * that time is not over. @returns whether anything is other than before.
 */
export function agreeOnRoots(trusted: TrustedRoots, told: FormerRoots, now: number): boolean {
  if (told.sinceMs === 0) return false;
  const isEarlier = trusted.changedMs === 0 || told.sinceMs < trusted.changedMs;
  if (isEarlier) trusted.changedMs = told.sinceMs;
  const isOver = trusted.changedMs + retireMs <= now;
  const unknown = isOver ? [] : unique(told.roots).filter((root) => !trusted.since.has(root));
  for (const root of unknown) trusted.since.set(root, told.sinceMs);
  return isEarlier || unknown.length > 0;
}

/** Since when a root is trusted that this bundle leads to. */
export function trustedSinceMs(bundle: CaBundle, { since }: TrustedRoots): number {
  return Math.min(...[...since].filter(([root]) => leadsTo(bundle, root)).map(([, sinceMs]) => sinceMs));
}

/** What a bundle says of roots: the stored ones first, then those that are on their way out, in an order that replicas agree on. */
export function rootsNow(
  { since, changedMs }: TrustedRoots,
  stored: Stored,
  now: number,
): Pick<CaBundle, "roots" | "rootsSinceMs"> {
  const old = [...since.keys()].filter((root) => !stored.roots.includes(root)).toSorted();
  const isValid = (root: string): boolean => Date.parse(new X509Certificate(root).validTo) > now;
  return { roots: [...stored.roots, ...old].filter(isValid), rootsSinceMs: changedMs };
}

/** Forget what is not stored when its time is up, unless the stored roots changed again before. */
export function retireInTime(
  trusted: TrustedRoots,
  { stored, clock, onGone }: { readonly stored: () => Stored; readonly clock: Clock; readonly onGone: () => void },
  signal: AbortSignal,
): void {
  const { since, changedMs } = trusted;
  if ([...since.keys()].every((root) => stored().roots.includes(root))) return;
  clock.at(changedMs + retireMs, signal, () => {
    if (trusted.changedMs !== changedMs) return;
    const gone = [...since.keys()].filter((root) => !stored().roots.includes(root));
    for (const root of gone) since.delete(root);
    if (gone.length > 0) onGone();
  });
}

/** Whether what this bundle signs is accepted by who trusts that root. */
function leadsTo({ signing, intermediatesPem }: CaBundle, root: string): boolean {
  // The intermediates end with the one that a root signed.
  const last = new X509Certificate(splitPem(intermediatesPem).at(-1) ?? signing.certificatePem);
  return isSignedBy(last, new X509Certificate(root));
}
