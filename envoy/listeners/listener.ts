// What all listeners have in common: an address for each family, and a direction.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { socketAddress } from "../address.ts";
import { TrafficDirection } from "../proto/envoy/config/core/v3/base_pb.ts";
import {
  type Filter,
  type FilterChain,
  type FilterChainMatchSchema,
  FilterChainSchema,
} from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";

export interface ListenerPlace {
  readonly name: string;
  readonly port: number;
  readonly direction: "outbound" | "inbound";
  /** All addresses of IPv4, and of IPv6 where the pod has one; else only this. */
  readonly address?: string;
  readonly ipv6: boolean;
}

/** A listener at a place. */
export function listenerAt(place: ListenerPlace, init: MessageInitShape<typeof ListenerSchema>): Listener {
  const { name, port, direction, address, ipv6 } = place;
  const both = address === undefined && ipv6;
  return create(ListenerSchema, {
    name,
    address: socketAddress(address ?? "0.0.0.0", port),
    additionalAddresses: both ? [{ address: socketAddress("::", port) }] : [],
    trafficDirection: direction === "outbound" ? TrafficDirection.OUTBOUND : TrafficDirection.INBOUND,
    ...init,
  });
}

/** A chain of filters for connections of one sort. */
export function chain(
  name: string,
  match: MessageInitShape<typeof FilterChainMatchSchema> | undefined,
  filters: readonly Filter[],
): FilterChain {
  return create(FilterChainSchema, {
    name,
    filters: [...filters],
    ...(match === undefined ? {} : { filterChainMatch: match }),
  });
}
