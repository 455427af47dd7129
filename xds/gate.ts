// What has to be in a proxy's hands before a resource may follow: nothing may name a cluster that is not there yet.
import { type EncodedResource, type ResourceName, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import { ofType, type ProxyState } from "./proxy-state.ts";
import type { Wanted } from "./wanted.ts";

/** Types that Envoy asks for by name, but only when it has the resource that names them: waiting for these would never end. */
const asksAfterwards: ReadonlyMap<TypeUrl, readonly TypeUrl[]> = new Map([
  [typeUrls.cluster, [typeUrls.endpoints, typeUrls.secret]],
  [typeUrls.listener, [typeUrls.route, typeUrls.virtualHost, typeUrls.secret]],
  [typeUrls.route, [typeUrls.virtualHost]],
]);

/** The needs of this resource, and the needs of those, that the proxy did not acknowledge yet in the version wanted. */
export function missingNeeds(state: ProxyState, wanted: Wanted, resource: EncodedResource): ResourceName[] {
  const missing: ResourceName[] = [];
  const visited = new Set<string>();
  const look = (need: ResourceName): void => {
    const key = `${need.type} ${need.name}`;
    if (visited.has(key)) return;
    visited.add(key);
    if (!isSettled(state, wanted, need)) missing.push(need);
    for (const further of wanted.get(need.type)?.get(need.name)?.resource?.needs ?? []) look(further);
  };
  const later = asksAfterwards.get(resource.type) ?? [];
  for (const need of resource.needs) if (!later.includes(need.type)) look(need);
  return missing;
}

function isSettled(state: ProxyState, wanted: Wanted, need: ResourceName): boolean {
  const { asked, questions, entries } = ofType(state, need.type);
  const byName = need.type === typeUrls.endpoints || need.type === typeUrls.secret || need.type === typeUrls.route;
  if (byName && !asked.has(need.name)) return false;
  if (questions.get(need.name) === "always") return false;
  const want = wanted.get(need.type)?.get(need.name);
  // It does not exist (any more): there is nothing to wait for.
  if (want === undefined) return true;
  const entry = entries.get(need.name);
  return entry?.sent === undefined && entry?.held?.version === want.version;
}
