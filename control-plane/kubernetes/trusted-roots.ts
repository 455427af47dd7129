// Since when and until when each root is trusted, while one takes the place of another.
import { X509Certificate } from "node:crypto";
import { type CaBundle, splitPem } from "../ca-bundle.ts";
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

export function isValidRoot(root: string, now: number): boolean {
  return Date.parse(new X509Certificate(root).validTo) > now;
}

/** Whether what this bundle signs is accepted by who trusts that root. */
function leadsTo({ signing, intermediatesPem }: CaBundle, root: string): boolean {
  // The intermediates end with the one that a root signed.
  const last = new X509Certificate(splitPem(intermediatesPem).at(-1) ?? signing.certificatePem);
  return isSignedBy(last, new X509Certificate(root));
}
