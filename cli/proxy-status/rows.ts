// The table that scripts read: Istio's columns, with ages as kubectl writes them.
import type { SynczType } from "../../control-plane/syncz.ts";
import type { ConnectedProxy } from "./replicas.ts";

export const header = ["NAME", "CLUSTER", "CDS", "LDS", "EDS", "RDS", "ECDS", "ISTIOD", "VERSION"] as const;

/** What stands in a row of a pod that has no stream. */
export const notConnected = "NOT CONNECTED";

/** A row for each proxy. Virtual hosts come by VHDS; their status counts under RDS, where people look for it. */
export function proxyRow({ name, cluster, types, istiod, envoyVersion }: ConnectedProxy): readonly string[] {
  const { CDS, LDS, EDS, RDS, VHDS, ECDS } = types;
  return [name, cluster || "-", ...[CDS, LDS, EDS, worseOf(RDS, VHDS), ECDS].map(cell), istiod, envoyVersion || "-"];
}

/** The row of a pod ("POD.NAMESPACE") that ought to be connected. */
export function missingRow(name: string, cluster: string): readonly string[] {
  return [name, cluster || "-", notConnected, "-", "-", "-", "-", "-", "-"];
}

/** "SYNCED (12s)", "NOT SENT". */
export function cell({ status, ageSeconds }: SynczType): string {
  return ageSeconds === undefined ? status : `${status} (${ageText(ageSeconds)})`;
}

/** "12s", "3m", "5h", "2d". */
export function ageText(seconds: number): string {
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

const ranks = { ERROR: 0, STALE: 1, SYNCED: 2, "NOT SENT": 3 } as const satisfies Record<SynczType["status"], number>;

/** What a person has to know of the two: the worse; of two that are well, what was said last; else what lasts longer. */
function worseOf(one: SynczType, other: SynczType): SynczType {
  if (one.status !== other.status) return ranks[one.status] < ranks[other.status] ? one : other;
  const isOlder = (one.ageSeconds ?? 0) > (other.ageSeconds ?? 0);
  return isOlder === (one.status === "SYNCED") ? other : one;
}
