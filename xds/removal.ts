// When a cluster may be taken from a proxy: after everything that named it is gone. Break comes after make.
import { type EncodedResource, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import { currentVersion, type Entry, ofType, type ProxyState, withoutBody } from "./proxy-state.ts";
import type { Wanted } from "./wanted.ts";

/** Types whose resources send traffic to clusters. */
const usersOfClusters: readonly TypeUrl[] = [typeUrls.listener, typeUrls.route, typeUrls.virtualHost];

/**
 * Clusters that the proxy holds, that it should not hold any more, and that nothing in its hands can name.
 * Sets `state.wakeAtMs` when it is too early to say.
 */
export function removableClusters(state: ProxyState, wanted: Wanted, nowMs: number): string[] {
  const type = typeUrls.cluster;
  const unwanted = [...ofType(state, type).entries]
    .filter(([name, entry]) => currentVersion(entry) !== undefined && !wanted.get(type)?.has(name))
    .map(([name]) => name);
  if (unwanted.length === 0) return [];
  if (nowMs < state.completeAtMs) {
    state.wakeAtMs = Math.min(state.wakeAtMs ?? state.completeAtMs, state.completeAtMs);
    return [];
  }
  const used = namedClusters(state, wanted);
  return used === undefined ? [] : unwanted.filter((name) => !used.has(name));
}

/** Clusters that the proxy's present listeners, routes and virtual hosts name; undefined while that is not known for sure. */
function namedClusters(state: ProxyState, wanted: Wanted): Set<string> | undefined {
  const named = new Set<string>();
  for (const type of usersOfClusters) {
    const { entries } = ofType(state, type);
    for (const [name, entry] of entries) {
      if (entry.sent !== undefined) return undefined;
      if (entry.held === undefined) continue;
      const resource = heldResource(entry, wanted.get(type)?.get(name));
      if (resource === "unknown") return undefined;
      for (const need of resource?.needs ?? []) if (need.type === typeUrls.cluster) named.add(need.name);
    }
  }
  return named;
}

function heldResource(
  entry: Entry,
  want: { readonly version: string; readonly resource: EncodedResource | undefined } | undefined,
): EncodedResource | "unknown" | undefined {
  if (entry.held?.resource !== undefined) return entry.held.resource;
  if (entry.held?.version === want?.version) return want?.resource;
  return entry.held?.version === withoutBody ? undefined : "unknown";
}
