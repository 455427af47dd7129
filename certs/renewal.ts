// When a certificate is replaced, and how two replicas of the control plane agree that it need not be yet.
import type { Issued } from "./ca.ts";

/** A renewal happens between these parts of the lifetime, so that two attempts fit before half-life is long past. */
const earliestPart = 0.4;
const latestPart = 0.45;
/** What a CA signs in its last minutes lives so briefly that renewals would follow one another without a pause. */
const soonestMs = 60_000;

/**
 * The moment to renew, in milliseconds since 1970: before half of the lifetime has passed, and a minute from the issue at least.
 * `jitter` (0 up to 1) spreads the renewals of a mesh that was started all at once.
 */
export function renewAtMs(issued: Pick<Issued, "issuedAtMs" | "notAfterMs">, jitter: number): number {
  const lifetimeMs = issued.notAfterMs - issued.issuedAtMs;
  const waitMs = Math.floor(lifetimeMs * (latestPart - (latestPart - earliestPart) * jitter));
  return issued.issuedAtMs + Math.max(waitMs, soonestMs);
}

/** What a proxy says that it holds: who signed its certificate and until when it is good (milliseconds since 1970). */
export function svidVersion(issued: Pick<Issued, "caFingerprint" | "notAfterMs">): string {
  return `${issued.caFingerprint}.${issued.notAfterMs}`;
}

/** Until when a certificate of that version is good, whoever signed it; NaN where it is no such version. */
export function expiryOf(version: string): number {
  const [, notAfterMs, more] = version.split(".");
  return notAfterMs === undefined || more !== undefined ? Number.NaN : Number(notAfterMs);
}

/** Whether a certificate of that version is by this CA and has more than half of its lifetime before it. */
export function isFresh(
  version: string,
  current: { readonly caFingerprint: string; readonly now: number; readonly validForSeconds: number },
): boolean {
  const [caFingerprint, notAfterMs, more] = version.split(".");
  if (caFingerprint !== current.caFingerprint || notAfterMs === undefined || more !== undefined) return false;
  const remainingMs = Number(notAfterMs) - current.now;
  const lifetimeMs = current.validForSeconds * 1_000;
  return remainingMs > lifetimeMs / 2 && remainingMs <= lifetimeMs;
}
