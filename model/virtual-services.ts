// VirtualServices with full names in them, delegates merged in.
import type { HttpMatch, HttpRoute } from "../api/http-route.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import { refOf } from "../api/object.ts";
import type { RouteDestination, TcpMatch, TlsMatch, VirtualService } from "../api/virtual-service.ts";
import { jsonPath } from "../base/json-path.ts";
import { memoize } from "../base/memo.ts";
import { differenceOf, type Made, mapAgain } from "./again.ts";
import { sorted } from "./age.ts";
import { mergeDelegate } from "./delegates.ts";
import { resolveExportTo } from "./export-to.ts";
import { completeHost, isVisible } from "./hosts.ts";
import { keepEqual } from "./keep.ts";
import type { Hostname } from "./service.ts";
import type { ResolvedVirtualService, Snapshot } from "./snapshot.ts";
import type { World } from "./world.ts";

/** What names are completed with; the same object for the same parts, see {@link nameContext}. */
export interface NameContext {
  readonly config: MeshConfig;
  /** Full names of all Kubernetes Services; the same set as long as none comes or goes. */
  readonly serviceNames: Pick<ReadonlySet<Hostname>, "has">;
}

/** The one context of these parts. */
export const nameContext = memoize(
  (config: MeshConfig, serviceNames: Pick<ReadonlySet<Hostname>, "has">): NameContext => ({ config, serviceNames }),
);

/** All VirtualServices that have hosts, oldest first, each with the rules of its delegates. */
export function resolveVirtualServices(
  objects: World["objects"]["VirtualService"],
  context: NameContext,
  previous: readonly ResolvedVirtualService[] | undefined,
): readonly ResolvedVirtualService[] {
  const last = previous === undefined ? undefined : made.get(previous);
  const next = resolvedTogether(sorted(objects, last?.named.items), context, last);
  const roots = next.roots.results.filter((root) => root !== undefined);
  const kept = keepEqual(previous, roots);
  made.set(kept, next);
  return kept;
}

type Delegates = ReadonlyMap<string, ResolvedVirtualService>;

/** The steps of the way to resolved VirtualServices. */
interface Steps {
  readonly context: NameContext;
  readonly named: Made<VirtualService, ResolvedVirtualService>;
  /** By "namespace/name"; the same map as long as none comes, goes or changes. */
  readonly delegates: Delegates;
  readonly roots: Made<ResolvedVirtualService, ResolvedVirtualService | undefined>;
}

/** How each list was made. */
const made = new WeakMap<readonly ResolvedVirtualService[], Steps>();

function resolvedTogether(objects: readonly VirtualService[], context: NameContext, before?: Steps): Steps {
  const last = before?.context === context ? before : undefined;
  const named = mapAgain(objects, (object) => withFullNames(object, context), last?.named);
  const delegates = delegatesOf(named.results, last);
  const resolved = (object: ResolvedVirtualService) =>
    isDelegate(object) ? undefined : withDelegates(object, delegates);
  const roots = mapAgain(named.results, resolved, delegates === last?.delegates ? last.roots : undefined);
  return { context, named, delegates, roots };
}

function delegatesOf(named: readonly ResolvedVirtualService[], last: Steps | undefined): Delegates {
  if (last !== undefined) {
    const before = last.named.results;
    const { start, beforeEnd, afterEnd } = differenceOf(before, named);
    const differing = [...before.slice(start, beforeEnd), ...named.slice(start, afterEnd)];
    if (!differing.some(isDelegate)) return last.delegates;
  }
  return new Map(named.filter(isDelegate).map((object) => [keyOf(object.metadata), object]));
}

/** A VirtualService that is not stored, as it would be resolved; undefined for a delegate. */
export function resolveCandidate(
  object: VirtualService,
  { objects }: World,
  { mesh, services }: Pick<Snapshot, "mesh" | "services">,
): ResolvedVirtualService | undefined {
  return candidateAmong(object, objects.VirtualService, nameContext(mesh.config, services));
}

const candidateAmong = memoize(
  (object: VirtualService, stored: World["objects"]["VirtualService"], context: NameContext) => {
    const delegates = (object.spec.http ?? []).flatMap(({ delegate }) => {
      const { name = "", namespace = object.metadata.namespace } = delegate ?? {};
      const found = stored.get(`${namespace}/${name}`);
      return found === undefined || delegate === undefined ? [] : [found];
    });
    const own = isDelegate(object) ? [] : [object];
    const steps = resolvedTogether([...own, ...delegates.filter(isDelegate)], context);
    return steps.roots.results.find((root) => root !== undefined);
  },
);

/** A VirtualService without hosts is for others to delegate to. */
export function isDelegate({ spec }: VirtualService): boolean {
  return (spec.hosts?.length ?? 0) === 0;
}

/** "namespace/name" of a Gateway as a VirtualService of `namespace` names it; "mesh" stays. */
export function gatewayName(written: string, namespace: string): string {
  if (written === "mesh" || written.includes("/")) return written;
  const [name = "", other] = written.split(".");
  // Istio's oldest form is a host name: gateway.namespace.svc.cluster.local.
  return other === undefined ? `${namespace}/${written}` : `${other}/${name}`;
}

const withFullNames = memoize(
  (object: VirtualService, { serviceNames, config }: NameContext): ResolvedVirtualService => {
    const { namespace } = object.metadata;
    const { clusterDomain } = config.pillion;
    const host = (text: string) => completeHost(text, namespace, clusterDomain, (name) => serviceNames.has(name));
    const gateways = (list: readonly string[]) => list.map((gateway) => gatewayName(gateway, namespace));
    const { hosts = [], gateways: bound = [], exportTo, http, tcp, tls } = object.spec;
    return {
      ...object,
      spec: {
        ...object.spec,
        hosts: hosts.map(host),
        gateways: bound.length === 0 ? ["mesh"] : gateways(bound),
        exportTo: resolveExportTo(exportTo, namespace, config.defaultVirtualServiceExportTo),
        ...(http === undefined ? {} : { http: http.map((rule) => nameHttp(rule, host, gateways)) }),
        ...(tcp === undefined ? {} : { tcp: tcp.map((rule) => nameRule(rule, host, gateways)) }),
        ...(tls === undefined
          ? {}
          : {
              tls: tls.map((rule) => ({ ...nameRule(rule, host, gateways), match: nameMatches(rule.match, gateways) })),
            }),
      },
      httpSources: (http ?? []).map((_, index) => ({ origin: refOf(object), path: jsonPath("spec", "http", index) })),
    };
  },
);

type NameHost = (text: string) => string;
type NameGateways = (list: readonly string[]) => readonly string[];

function nameHttp(rule: HttpRoute, host: NameHost, gateways: NameGateways): HttpRoute {
  const { match, route, mirror, mirrors } = rule;
  return {
    ...rule,
    ...(match === undefined ? {} : { match: nameMatches(match, gateways) }),
    ...(route === undefined ? {} : { route: route.map((item) => nameDestination(item, host)) }),
    ...(mirror === undefined ? {} : { mirror: { ...mirror, host: host(mirror.host) } }),
    ...(mirrors === undefined ? {} : { mirrors: mirrors.map((item) => nameDestination(item, host)) }),
  };
}

interface ConnectionRule {
  readonly match?: readonly (TcpMatch | TlsMatch)[];
  readonly route?: readonly RouteDestination[];
}

function nameRule<R extends ConnectionRule>(rule: R, host: NameHost, gateways: NameGateways): R {
  const { match, route } = rule;
  return {
    ...rule,
    ...(match === undefined ? {} : { match: nameMatches(match, gateways) }),
    ...(route === undefined ? {} : { route: route.map((item) => nameDestination(item, host)) }),
  };
}

function nameMatches<M extends Pick<HttpMatch, "gateways">>(
  matches: readonly M[],
  gateways: NameGateways,
): readonly M[] {
  return matches.map((match) =>
    match.gateways === undefined ? match : { ...match, gateways: gateways(match.gateways) },
  );
}

function nameDestination<D extends { readonly destination: { readonly host: string } }>(item: D, host: NameHost): D {
  return { ...item, destination: { ...item.destination, host: host(item.destination.host) } };
}

/** Rules that delegate are replaced by the delegate's, narrowed to what the root lets through. */
function withDelegates(
  root: ResolvedVirtualService,
  delegates: ReadonlyMap<string, ResolvedVirtualService>,
): ResolvedVirtualService {
  if (root.spec.http?.some(({ delegate }) => delegate !== undefined) !== true) return root;
  const wanted = root.spec.http.map(({ delegate }) => {
    if (delegate === undefined) return undefined;
    const found = delegates.get(
      keyOf({ name: delegate.name ?? "", namespace: delegate.namespace ?? root.metadata.namespace }),
    );
    if (found === undefined) return undefined;
    return isVisible(found.spec.exportTo ?? [], found.metadata.namespace, root.metadata.namespace) ? found : undefined;
  });
  return merged(root, ...wanted);
}

const merged = memoize(
  (
    root: ResolvedVirtualService,
    ...delegates: readonly (ResolvedVirtualService | undefined)[]
  ): ResolvedVirtualService => {
    const rules = (root.spec.http ?? []).flatMap((rule, index) => {
      const source = root.httpSources[index];
      if (source === undefined) return [];
      if (rule.delegate === undefined) return [{ rule, source }];
      const delegate = delegates[index];
      return (delegate?.spec.http ?? []).flatMap((below, position) => {
        const mergedRule = mergeDelegate(rule, below);
        const origin = delegate?.httpSources[position];
        return mergedRule === undefined || origin === undefined ? [] : [{ rule: mergedRule, source: origin }];
      });
    });
    return {
      ...root,
      spec: { ...root.spec, http: rules.map(({ rule }) => rule) },
      httpSources: rules.map(({ source }) => source),
    };
  },
);

function keyOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
