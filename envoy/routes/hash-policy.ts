// Keeping a caller at one endpoint: by what it is recognised. The cluster's load balancer does the rest.
import { create } from "@bufbuild/protobuf";
import type { ConsistentHash } from "../../api/traffic-policy.ts";
import { durationOf } from "../duration.ts";
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicySchema,
} from "../proto/envoy/config/route/v3/route_components_pb.ts";
import { forwarding, type RouteFeature } from "./feature.ts";

/** `consistentHash` of the destinations' DestinationRules. */
export const hashPolicy: RouteFeature = (route, { hashing }) => {
  const action = forwarding(route);
  if (action !== undefined) action.hashPolicy = [...new Set(hashing)].flatMap((hash) => policyOf(hash) ?? []);
};

function policyOf(hash: ConsistentHash): RouteAction_HashPolicy | undefined {
  const specifier = specifierOf(hash);
  return specifier === undefined ? undefined : create(RouteAction_HashPolicySchema, { policySpecifier: specifier });
}

function specifierOf(hash: ConsistentHash) {
  if (hash.httpHeaderName !== undefined && hash.httpHeaderName !== "")
    return { case: "header" as const, value: { headerName: hash.httpHeaderName } };
  if (hash.httpCookie !== undefined) return { case: "cookie" as const, value: cookieOf(hash.httpCookie) };
  if (hash.useSourceIp === true) return { case: "connectionProperties" as const, value: { sourceIp: true } };
  if (hash.httpQueryParameterName !== undefined && hash.httpQueryParameterName !== "")
    return { case: "queryParameter" as const, value: { name: hash.httpQueryParameterName } };
  return undefined;
}

function cookieOf({ name, path = "", ttl, attributes = [] }: NonNullable<ConsistentHash["httpCookie"]>) {
  const lifetime = durationOf(ttl);
  return {
    name,
    path,
    attributes: attributes.map((attribute) => ({ name: attribute.name, value: attribute.value ?? "" })),
    ...(lifetime === undefined ? {} : { ttl: lifetime }),
  };
}
