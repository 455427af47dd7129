// From a document to what proxies would get if it were stored; nothing when it is refused.
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { AnyObject } from "../../../api/kinds.ts";
import { meshConfigMap, parseMeshConfig } from "../../../api/mesh-config.ts";
import { parse } from "../../../api/parse.ts";
import { type Finding, hasErrors } from "../../../base/finding.ts";
import { virtualHostResource } from "../../../envoy/names.ts";
import { ListenerSchema } from "../../../envoy/proto/envoy/config/listener/v3/listener_pb.ts";
import { HttpConnectionManagerSchema } from "../../../envoy/proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { type EncodedResource, type ProxyNode, type ResourceName, typeUrls } from "../../../envoy/resource.ts";
import { shop } from "../../../envoy/testing/golden.ts";
import { translator } from "../../../envoy/translate.ts";
import { buildSnapshot } from "../../../model/build.ts";
import type { Snapshot } from "../../../model/snapshot.ts";
import { worldOf } from "../../../model/testing/world-of.ts";
import { applyChanges } from "../../../model/world.ts";
import { review } from "../../../policies/review.ts";
import { stored } from "./bases.ts";
import { startOf } from "./start.ts";

const world = worldOf(shop(), stored);
const snapshot = buildSnapshot(world);

const proxies: readonly ProxyNode[] = [
  { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.244.1.1" },
  { type: "sidecar", namespace: "shop", pod: "echo-v1-1", address: "10.244.1.4" },
  { type: "gateway", namespace: "istio-system", pod: "ingress-1", address: "10.244.2.1" },
];

/** What proxies get in a world with one more object. */
export interface Outcome {
  /** Of three proxies. */
  readonly resources: readonly EncodedResource[];
  /** What a pod's Envoy starts with. */
  readonly start: string;
}

/** What this object makes of the world; undefined when the webhook refuses it. */
export function outcomeOf(document: unknown): Outcome | undefined {
  const parsed = parse(document, { defaultNamespace: "shop" });
  if (parsed.type !== "object" || hasErrors(parsed.findings)) return undefined;
  if (hasErrors(findingsAbout(parsed.object))) return undefined;
  const next = buildSnapshot(applyChanges(world, [{ type: "put", object: parsed.object }]), snapshot);
  return { resources: proxies.flatMap((proxy) => resourcesOf(next, proxy)), start: startOf(next) };
}

/** No webhook sees the mesh configuration: one with errors never comes into force. */
function findingsAbout(object: AnyObject): readonly Finding[] {
  if (object.kind !== "ConfigMap") return review(object, world, snapshot);
  return parseMeshConfig(object.data[meshConfigMap.key] ?? "").findings;
}

function resourcesOf(of: Snapshot, proxy: ProxyNode): readonly EncodedResource[] {
  const wanted: ResourceName[] = [
    ...translator.eager(of, proxy),
    ...(proxy.type === "sidecar" ? asked(of, proxy) : []),
  ];
  const seen = new Set<string>();
  const found: EncodedResource[] = [];
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const { type, name } = next;
    if (seen.has(`${type} ${name}`) || type === typeUrls.secret) continue;
    seen.add(`${type} ${name}`);
    const resource = translator.resource(of, proxy, type, name);
    if (resource === undefined) continue;
    found.push(resource);
    wanted.push(...resource.needs, ...routesIn(resource));
  }
  return found;
}

/** Route configurations that Envoy asks for when it has such a listener. */
function routesIn({ type, bytes }: EncodedResource): readonly ResourceName[] {
  if (type !== typeUrls.listener) return [];
  const { filterChains, defaultFilterChain } = fromBinary(ListenerSchema, bytes);
  const chains = defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
  return chains
    .flatMap(({ filters }) => filters)
    .flatMap(({ configType }) => {
      const config = configType.case === "typedConfig" ? configType.value : undefined;
      const manager = config === undefined ? undefined : anyUnpack(config, HttpConnectionManagerSchema);
      const routes = manager?.routeSpecifier;
      return routes?.case === "rds" ? [{ type: typeUrls.route, name: routes.value.routeConfigName }] : [];
    });
}

/** Every host that a sidecar could ask for. */
function asked(of: Snapshot, proxy: ProxyNode): readonly ResourceName[] {
  const hosts = [...of.services.values()].flatMap(({ hostname, ports }) =>
    ports.map(({ number }) => ({ hostname, number })),
  );
  const claimed = of.virtualServices.flatMap(({ spec }) =>
    (spec.hosts ?? []).map((hostname) => ({ hostname, number: 80 })),
  );
  return [...hosts, ...claimed].map(({ hostname, number }) => ({
    type: typeUrls.virtualHost,
    name: translator.virtualHostName(of, proxy, virtualHostResource(number, hostname)),
  }));
}
