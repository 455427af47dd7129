// The endpoints of clusters that ask for them: of a service, or of the address that stands for it.
import { create } from "@bufbuild/protobuf";
import { memoize } from "../base/memo.ts";
import { addressedGroups, addressedService, hasNames } from "./clusters/address.ts";
import { chosenFor, outboundTarget, reachOf } from "./clusters/outbound.ts";
import { encode } from "./encode.ts";
import { type ChosenEndpoint, localityGroups } from "./load-assignment.ts";
import { parseAddressCluster } from "./names.ts";
import type { LocalityLbEndpoints } from "./proto/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import { ClusterLoadAssignmentSchema } from "./proto/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { ProxyContext, TargetContext } from "./proxy-context.ts";
import { type EncodedResource, typeUrls } from "./resource.ts";

/** The endpoints of a service's cluster; undefined when the cluster finds its endpoints in another way. */
export function targetEndpoints(context: TargetContext, name: string): EncodedResource | undefined {
  const target = outboundTarget(context, name);
  if (target === undefined) return undefined;
  if (target.subset !== "missing" && reachOf(target, context.type) !== "eds") return undefined;
  return encodeChosen(chosenFor(context.snapshot, target), name);
}

/** The endpoints of an address's cluster; undefined where the address stands for no service, or for names. */
export function addressEndpoints(context: ProxyContext, name: string): EncodedResource | undefined {
  const address = parseAddressCluster(name);
  const service = address === undefined ? undefined : addressedService(context, address);
  if (service === undefined || hasNames(context, service)) return undefined;
  if (service.shares.every(({ target }) => target === undefined)) return undefined;
  return encodeEndpoints(addressedGroups(context, service), name);
}

const encodeChosen = memoize((chosen: readonly ChosenEndpoint[], name: string) =>
  encodeGroups(localityGroups([chosen]), name),
);
const encodeEndpoints = memoize(encodeGroups);

function encodeGroups(groups: readonly LocalityLbEndpoints[], clusterName: string): EncodedResource {
  return encode(typeUrls.endpoints, clusterName, ClusterLoadAssignmentSchema, {
    message: create(ClusterLoadAssignmentSchema, { clusterName, endpoints: [...groups] }),
  });
}
