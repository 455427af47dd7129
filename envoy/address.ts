// Addresses and where resources come from, as Envoy's messages write them.
import { create } from "@bufbuild/protobuf";
import { milliseconds } from "./duration.ts";
import {
  type Address,
  AddressSchema,
  type CidrRange,
  CidrRangeSchema,
} from "./proto/envoy/config/core/v3/address_pb.ts";
import {
  AggregatedConfigSourceSchema,
  ApiVersion,
  type ConfigSource,
  ConfigSourceSchema,
} from "./proto/envoy/config/core/v3/config_source_pb.ts";

/** An IP address (or, for DNS clusters, a host name) and a port. */
export function socketAddress(address: string, port: number): Address {
  const value = { address, portSpecifier: { case: "portValue" as const, value: port } };
  return create(AddressSchema, { address: { case: "socketAddress", value } });
}

/** A Unix socket among the proxy's files. */
export function pipe(path: string): Address {
  return create(AddressSchema, { address: { case: "pipe", value: { path } } });
}

/** "10.0.0.0/8", or one address, as a range. */
export function cidrRange(prefix: string): CidrRange {
  const [address = prefix, length] = prefix.split("/");
  const whole = address.includes(":") ? 128 : 32;
  return create(CidrRangeSchema, {
    addressPrefix: address,
    prefixLen: length === undefined ? whole : Math.min(Number(length), whole),
  });
}

/** Whether a text is an IPv6 address. */
export function isIpv6(address: string): boolean {
  return address.includes(":");
}

/** From the one stream to the control plane. */
export const ads: ConfigSource = create(ConfigSourceSchema, {
  configSourceSpecifier: { case: "ads", value: create(AggregatedConfigSourceSchema) },
  resourceApiVersion: ApiVersion.V3,
});

/** The same, but what waits for it goes on after so long. */
export function adsWithin(ms: number): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: "ads", value: create(AggregatedConfigSourceSchema) },
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: milliseconds(ms),
  });
}
