// Which DestinationRule a caller follows for a host, and what it says for a subset and a port.
import type { DestinationRule } from "../api/destination-rule.ts";
import { refOf } from "../api/object.ts";
import type { TrafficPolicy } from "../api/traffic-policy.ts";
import { memoize } from "../base/memo.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { bySpecificity, matchesHost } from "./host-patterns.ts";
import { hostname, isVisible, visibleService } from "./hosts.ts";
import { indexBy } from "./index-by.ts";
import { mergePolicies } from "./merge-policies.ts";
import { hasLabels } from "./selection.ts";
import type { Hostname } from "./service.ts";
import type { TargetParts, Viewpoint } from "./snapshot.ts";

/** Endpoints that share labels, under a name. */
export interface ResolvedSubset {
  readonly labels: Readonly<Record<string, string>>;
  readonly policy?: TrafficPolicy;
}

/** What the DestinationRules of one namespace say about one host, merged. */
export interface ResolvedDestinationRule {
  /** As written: it may be a wildcard that covers the host that was asked for. */
  readonly host: Hostname;
  readonly subsets: ReadonlyMap<string, ResolvedSubset>;
  readonly policy?: TrafficPolicy;
  /** Oldest first. */
  readonly origins: readonly ObjectRef[];
}

/**
 * The rule that a caller follows for a host. Looked for in the caller's namespace (all that stand there), the service's
 * and the root namespace (those that are exported to the caller); in the first that has one the most specific host wins.
 * One that selects the calling workload goes before those for all. The same object as long as nothing in it changed.
 */
export function destinationRuleFor(
  snapshot: TargetParts,
  view: Viewpoint,
  host: Hostname,
): ResolvedDestinationRule | undefined {
  const { rootNamespace } = snapshot.mesh;
  const owner = visibleService(snapshot, host, view.namespace)?.namespace;
  // A proxy in the root namespace looks at the service's namespace before the defaults of the mesh,
  // except for rules that only the root namespace sees.
  const own = rulesFor(snapshot, view.namespace, host);
  const local = view.namespace === rootNamespace ? own.filter((rule) => isPrivate(rule)) : own;
  const found =
    chosen(local, view) ??
    (owner === undefined ? undefined : chosen(exported(snapshot, owner, host, view.namespace), view)) ??
    chosen(exported(snapshot, rootNamespace, host, view.namespace), view);
  const [first, ...rest] = found ?? [];
  return first === undefined ? undefined : merged(first, ...rest);
}

/**
 * What a rule says for a subset and a port: the subset's fields replace the rule's, and settings for the port replace
 * load balancer, connection pool, outlier detection and TLS as a whole.
 * @see https://istio.io/latest/docs/reference/config/networking/destination-rule/#TrafficPolicy-PortTrafficPolicy
 */
export function trafficPolicyFor(
  rule: ResolvedDestinationRule | undefined,
  subset: string | undefined,
  portNumber: number,
): TrafficPolicy {
  if (rule === undefined) return empty;
  return policyFor(rule, subset, portNumber);
}

const empty: TrafficPolicy = {};

const policyFor = memoize((rule: ResolvedDestinationRule, subset: string | undefined, port: number): TrafficPolicy => {
  const general = overlay(empty, rule.policy, port);
  return subset === undefined ? general : overlay(general, rule.subsets.get(subset)?.policy, port);
});

function overlay(below: TrafficPolicy, above: TrafficPolicy | undefined, port: number): TrafficPolicy {
  if (above === undefined) return below;
  const { portLevelSettings, ...fields } = above;
  const sum: TrafficPolicy = { ...below, ...fields };
  const forPort = portLevelSettings?.find((settings) => settings.port?.number === port);
  if (forPort === undefined) return sum;
  const { loadBalancer: _lb, connectionPool: _pool, outlierDetection: _outlier, tls: _tls, ...others } = sum;
  const { port: _port, ...settings } = forPort;
  return { ...others, ...settings };
}

/** All rules of a namespace for the most specific pattern that covers the host, oldest first. */
function rulesFor({ destinationRules }: TargetParts, namespace: string, host: Hostname): readonly DestinationRule[] {
  const own = rulesByHost(destinationRules, ruleKey(namespace, host));
  if (own.length > 0) return own;
  const pattern = wildcardsOf(destinationRules, namespace).find((wildcard) => matchesHost(wildcard, host));
  return pattern === undefined ? none : rulesByHost(destinationRules, ruleKey(namespace, pattern));
}

const none: readonly DestinationRule[] = [];

function exported(
  { destinationRules }: TargetParts,
  namespace: string,
  host: Hostname,
  to: string,
): readonly DestinationRule[] {
  const covering = wildcardsOf(destinationRules, namespace).filter((wildcard) => matchesHost(wildcard, host));
  for (const pattern of [host, ...covering]) {
    const rules = rulesByHost(destinationRules, ruleKey(namespace, pattern)).filter((rule) =>
      isVisible(rule.spec.exportTo ?? [], namespace, to),
    );
    if (rules.length > 0) return rules;
  }
  return none;
}

/** Rules that select the caller, else those for everybody; a selector counts in the rule's own namespace only. */
function chosen(rules: readonly DestinationRule[], view: Viewpoint): readonly DestinationRule[] | undefined {
  const selecting = rules.filter(
    ({ metadata, spec }) =>
      spec.workloadSelector !== undefined &&
      metadata.namespace === view.namespace &&
      hasLabels(view.labels, spec.workloadSelector.matchLabels),
  );
  if (selecting.length > 0) return selecting;
  const general = rules.filter(({ spec }) => spec.workloadSelector === undefined);
  return general.length > 0 ? general : undefined;
}

function isPrivate({ metadata, spec }: DestinationRule): boolean {
  return spec.exportTo?.length === 1 && (spec.exportTo[0] === metadata.namespace || spec.exportTo[0] === ".");
}

/** Several rules for one host: subsets and fields of policies add up, and of what two say the older one's counts. */
const merged = memoize((...rules: readonly [DestinationRule, ...DestinationRule[]]): ResolvedDestinationRule => {
  const subsets = new Map<string, ResolvedSubset>();
  let policy: TrafficPolicy | undefined;
  for (const { spec } of rules) {
    policy = mergePolicies(policy, spec.trafficPolicy);
    for (const { name, labels = {}, trafficPolicy } of spec.subsets ?? []) {
      const older = subsets.get(name);
      const both = mergePolicies(older?.policy, trafficPolicy);
      subsets.set(name, { labels: older?.labels ?? labels, ...(both === undefined ? {} : { policy: both }) });
    }
  }
  return {
    host: hostname(rules[0].spec.host),
    subsets,
    ...(policy === undefined ? {} : { policy }),
    origins: rules.map(refOf),
  };
});

/** All rules of a namespace for exactly this full host or wildcard, oldest first. */
export function destinationRulesNaming(
  { destinationRules }: Pick<TargetParts, "destinationRules">,
  namespace: string,
  host: string,
): readonly DestinationRule[] {
  return rulesByHost(destinationRules, ruleKey(namespace, host));
}

const ruleKey = (namespace: string, host: string): string => `${namespace}/${host}`;

const rulesByHost = indexBy<DestinationRule>(({ metadata, spec }) => [ruleKey(metadata.namespace, spec.host)]);

/** The wildcards of a namespace's rules, most specific first. */
function wildcardsOf(all: readonly DestinationRule[], namespace: string): readonly string[] {
  return wildcardsIn(wildcardRules(all, namespace));
}

const wildcardRules = indexBy<DestinationRule>(({ metadata, spec }) =>
  spec.host.startsWith("*") ? [metadata.namespace] : [],
);

const wildcardsIn = memoize((rules: readonly DestinationRule[]): readonly string[] =>
  [...new Set(rules.map(({ spec }) => spec.host))].toSorted(bySpecificity),
);
