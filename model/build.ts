// From objects to their meaning. Every part is made from the parts of the World that it needs, remembered by their
// identity; what says the same as before is the same object as before.
import type { DestinationRule } from "../api/destination-rule.ts";
import type { MeshConfig } from "../api/mesh-config.ts";
import { memoize } from "../base/memo.ts";
import { type Made, mapAgain } from "./again.ts";
import { sorted } from "./age.ts";
import { buildEndpoints } from "./build-endpoints.ts";
import { buildServices } from "./build-services.ts";
import { buildWorkloads } from "./build-workloads.ts";
import { resolveExportTo } from "./export-to.ts";
import { completeHost } from "./hosts.ts";
import { keepEqual } from "./keep.ts";
import { meshConfigOf, meshSettings } from "./mesh-settings.ts";
import type { Snapshot } from "./snapshot.ts";
import { type NameContext, nameContext, resolveVirtualServices } from "./virtual-services.ts";
import type { World } from "./world.ts";

/** What does not follow the world. */
export interface Held {
  /** In place of the one that the mesh configuration names. */
  readonly trustDomain?: string;
}

/**
 * What a world means. Equal worlds give equal snapshots, whatever the order of the events that led there; parts that
 * say the same as in `previous` keep their identity, and cost next to nothing when their objects did not change; when all
 * of them do, it is `previous` itself.
 */
export function buildSnapshot(world: World, previous?: Snapshot, held: Held = {}): Snapshot {
  const { objects } = world;
  const config = withHeld(meshConfigOf(world, previous?.mesh.config), held, previous?.mesh.config);
  const pods = buildWorkloads(world, config.trustDomain, previous);
  const found = buildServices(objects.Service, objects.ServiceEntry, config, previous);
  const mesh = meshSettings(
    config,
    { services: found.clusterAddresses, pods: pods.workloadsByAddress, nodes: objects.Node },
    previous?.mesh,
  );
  const peerAuthentications = keepEqual(
    previous?.peerAuthentications,
    sorted(objects.PeerAuthentication, previous?.peerAuthentications),
  );
  const { endpoints, rivalEndpoints, servicesOfWorkload } = buildEndpoints(
    world,
    { found, pods, policies: peerAuthentications, config },
    previous,
  );
  const names = nameContext(config, found.kubernetesNames);
  const next: Snapshot = {
    mesh,
    services: found.services,
    rivals: found.rivals,
    servicesByAddress: found.servicesByAddress,
    publicPorts: found.publicPorts,
    portsByNamespace: found.portsByNamespace,
    workloads: pods.workloads,
    workloadsByAddress: pods.workloadsByAddress,
    endpoints,
    rivalEndpoints,
    servicesOfWorkload,
    virtualServices: resolveVirtualServices(objects.VirtualService, names, previous?.virtualServices),
    destinationRules: nameRules(objects.DestinationRule, names, previous?.destinationRules),
    gateways: keepEqual(previous?.gateways, sorted(objects.Gateway, previous?.gateways)),
    peerAuthentications,
  };
  return keepEqual(previous, next);
}

function withHeld(config: MeshConfig, { trustDomain = config.trustDomain }: Held, previous?: MeshConfig): MeshConfig {
  return trustDomain === config.trustDomain ? config : keepEqual(previous, { ...config, trustDomain });
}

/** All DestinationRules with full names. */
function nameRules(
  objects: World["objects"]["DestinationRule"],
  names: NameContext,
  previous: readonly DestinationRule[] | undefined,
): readonly DestinationRule[] {
  const last = previous === undefined ? undefined : namedRules.get(previous);
  const rules = sorted(objects, last?.items);
  const made = mapAgain(rules, (rule) => namedRule(rule, names), last?.names === names ? last : undefined);
  const kept = keepEqual(previous, made.results);
  namedRules.set(kept, { ...made, names });
  return kept;
}

/** What each list of rules with full names was made from. */
const namedRules = new WeakMap<
  readonly DestinationRule[],
  Made<DestinationRule, DestinationRule> & { readonly names: NameContext }
>();

const namedRule = memoize((rule: DestinationRule, { serviceNames, config }: NameContext): DestinationRule => {
  const { namespace } = rule.metadata;
  return {
    ...rule,
    spec: {
      ...rule.spec,
      host: completeHost(rule.spec.host, namespace, config.pillion.clusterDomain, (name) => serviceNames.has(name)),
      exportTo: resolveExportTo(rule.spec.exportTo, namespace, config.defaultDestinationRuleExportTo),
    },
  };
});
