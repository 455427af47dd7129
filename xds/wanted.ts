// What a proxy should hold now: what everybody like it gets, what it asked for, and what these need.
import { type EncodedResource, type ProxyNode, type ResourceName, type TypeUrl, typeUrls } from "../envoy/resource.ts";
import type { Translator } from "../envoy/translator.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { ofType, type ProxyState, routeOf, withoutBody } from "./proxy-state.ts";

/** One resource that a proxy should hold. */
export interface Want {
  readonly type: TypeUrl;
  readonly name: string;
  readonly version: string;
  /** Undefined: no such virtual host, or a secret that the proxy holds already. */
  readonly resource: EncodedResource | undefined;
  /** The names by which it was asked for, other than its own. */
  readonly aliases: readonly string[];
}

/** By type, then by name. */
export type Wanted = ReadonlyMap<TypeUrl, ReadonlyMap<string, Want>>;

/** Where the answers come from. */
export interface WantedSource {
  readonly snapshot: Snapshot;
  readonly translator: Translator;
  readonly proxy: ProxyNode;
  /** Its workload uses so many hosts that all of them cost less than asking for one after the other. */
  fullTable(): boolean;
  /** The secret of that name for this proxy; "unchanged" when the version that it holds is good; undefined: none. */
  secret(name: string, heldVersion: string | undefined): EncodedResource | "unchanged" | undefined;
}

/** Types that a proxy subscribes to as a whole; of the others it takes nothing that it did not name. */
export const wildcardTypes: ReadonlySet<TypeUrl> = new Set([typeUrls.listener, typeUrls.cluster]);

/** Everything that the proxy should hold, of the types that it may be sent and of those that it will ask for. */
export function computeWanted(state: ProxyState, source: WantedSource): Wanted {
  const wanted = new Map<TypeUrl, Map<string, Want>>(Object.values(typeUrls).map((type) => [type, new Map()]));
  const put = (want: Want): void => void wanted.get(want.type)?.set(want.name, want);
  const visited = new Map<TypeUrl, Set<string>>(Object.values(typeUrls).map((type) => [type, new Set()]));
  /** Follow the needs of a resource: clusters come along unasked, the rest only where it was asked for. */
  const follow = ({ type, name }: ResourceName): void => {
    if (type === typeUrls.secret || visited.get(type)?.has(name)) return;
    visited.get(type)?.add(name);
    const resource = source.translator.resource(source.snapshot, source.proxy, type, name);
    if (resource === undefined) return;
    const sendable = wildcardTypes.has(type) || type === typeUrls.virtualHost || ofType(state, type).asked.has(name);
    if (sendable) put({ type, name, version: resource.version, resource, aliases: [] });
    for (const need of resource.needs) follow(need);
  };
  for (const name of source.translator.eager(source.snapshot, source.proxy)) follow(name);
  for (const name of state.learned.virtualHosts) follow({ type: typeUrls.virtualHost, name });
  if (source.fullTable()) for (const host of source.translator.everyHost(source.snapshot, source.proxy)) follow(host);
  for (const name of state.learned.clusters) follow({ type: typeUrls.cluster, name });
  for (const type of [typeUrls.listener, typeUrls.cluster, typeUrls.route, typeUrls.endpoints]) {
    for (const name of ofType(state, type).asked) follow({ type, name });
  }
  for (const want of askedVirtualHosts(state, source)) {
    follow(want);
    put({ ...want, ...pick(wanted.get(want.type)?.get(want.name)) });
  }
  for (const want of secrets(state, source)) put(want);
  for (const want of markers(state, wanted)) put(want);
  return wanted;
}

/** Every alias leads to one name; a name behind which there is nothing is answered all the same. */
function askedVirtualHosts(state: ProxyState, source: WantedSource): Want[] {
  const aliases = new Map<string, string[]>();
  for (const asked of ofType(state, typeUrls.virtualHost).asked) {
    const name = source.translator.virtualHostName(source.snapshot, source.proxy, asked);
    const known = aliases.get(name);
    if (known === undefined) aliases.set(name, [asked]);
    else known.push(asked);
  }
  return [...aliases].map(([name, names]) => ({
    type: typeUrls.virtualHost,
    name,
    version: withoutBody,
    resource: undefined,
    aliases: names,
  }));
}

const pick = (want: Want | undefined): Pick<Want, "version" | "resource"> | undefined =>
  want && { version: want.version, resource: want.resource };

function* secrets(state: ProxyState, source: WantedSource): Generator<Want> {
  const { asked, entries, questions } = ofType(state, typeUrls.secret);
  for (const name of asked) {
    const heldVersion = questions.get(name) === "always" ? undefined : entries.get(name)?.held?.version;
    const secret = source.secret(name, heldVersion);
    if (secret === undefined) continue;
    const known = secret === "unchanged" ? { version: heldVersion ?? "", resource: undefined } : secret;
    const resource = secret === "unchanged" ? undefined : secret;
    yield { type: typeUrls.secret, name, version: known.version, resource, aliases: [] };
  }
}

/**
 * Envoy holds a new route configuration back until its first virtual host has arrived, or a time-out has passed; an
 * empty response does not count. Where there is none to give, the answer to a question that nobody asks lets it go on.
 */
function* markers(state: ProxyState, wanted: Wanted): Generator<Want> {
  const type = typeUrls.virtualHost;
  const routesWithHosts = new Set([...(wanted.get(type)?.keys() ?? [])].map(routeOf));
  for (const route of ofType(state, typeUrls.route).asked) {
    const name = `${route}/~`;
    if (routesWithHosts.has(route) && !ofType(state, type).entries.has(name)) continue;
    yield { type, name, version: withoutBody, resource: undefined, aliases: [name] };
  }
}
