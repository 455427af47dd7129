// The generated code carries a listener, its packed connection manager and the JSON of a bootstrap both ways.
import { create, createRegistry, equals, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BootstrapSchema } from "./proto/envoy/config/bootstrap/v3/bootstrap_pb.ts";
import { SocketAddress_Protocol } from "./proto/envoy/config/core/v3/address_pb.ts";
import { TrafficDirection } from "./proto/envoy/config/core/v3/base_pb.ts";
import { ListenerSchema } from "./proto/envoy/config/listener/v3/listener_pb.ts";
import {
  HttpConnectionManager_CodecType,
  HttpConnectionManagerSchema,
} from "./proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { DeltaDiscoveryRequestSchema } from "./proto/envoy/service/discovery/v3/discovery_pb.ts";

const managerType =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

function listenerWith(statPrefix: string, portValue: number) {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix,
    codecType: HttpConnectionManager_CodecType.AUTO,
    routeSpecifier: { case: "rds", value: { routeConfigName: "9080" } },
  });
  return create(ListenerSchema, {
    name: `0.0.0.0_${portValue}`,
    trafficDirection: TrafficDirection.OUTBOUND,
    address: {
      address: {
        case: "socketAddress",
        value: {
          protocol: SocketAddress_Protocol.TCP,
          address: "0.0.0.0",
          portSpecifier: { case: "portValue", value: portValue },
        },
      },
    },
    filterChains: [
      {
        filters: [
          {
            name: "http",
            configType: { case: "typedConfig", value: anyPack(HttpConnectionManagerSchema, manager) },
          },
        ],
      },
    ],
  });
}

test("ListenerSchema keeps a packed HttpConnectionManager through its bytes", () => {
  const decoded = fromBinary(ListenerSchema, toBinary(ListenerSchema, listenerWith("outbound", 9080)));
  const packed = decoded.filterChains[0]?.filters[0]?.configType;
  expect(packed?.case).toBe("typedConfig");
  if (packed?.case !== "typedConfig") return;
  expect(packed.value.typeUrl).toBe(managerType);
  expect(anyUnpack(packed.value, HttpConnectionManagerSchema)).toMatchObject({
    statPrefix: "outbound",
    codecType: HttpConnectionManager_CodecType.AUTO,
    routeSpecifier: { case: "rds", value: { routeConfigName: "9080" } },
  });
});

test("ListenerSchema gives back every listener that was encoded", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 65_535 }), (statPrefix, port) => {
      const listener = listenerWith(statPrefix, port);
      expect(equals(ListenerSchema, fromBinary(ListenerSchema, toBinary(ListenerSchema, listener)), listener)).toBe(
        true,
      );
    }),
  );
});

test("DeltaDiscoveryRequestSchema reads the bytes that protobuf's rules give", () => {
  // By hand from the wire format: field 2 (type_url) "x", then field 7 (error_detail) that holds field 1 (code) = 13.
  const bytes = Uint8Array.from([0x12, 0x01, 0x78, 0x3a, 0x02, 0x08, 0x0d]);
  const request = fromBinary(DeltaDiscoveryRequestSchema, bytes);
  expect(request.typeUrl).toBe("x");
  expect(request.errorDetail?.code).toBe(13);
});

test("BootstrapSchema takes and gives JSON with typed configuration and field names of its own", () => {
  const registry = createRegistry(ListenerSchema, HttpConnectionManagerSchema);
  const manager = { "@type": managerType, statPrefix: "probes", codecType: "HTTP1" };
  const json = {
    node: { id: "sidecar~10.0.0.1~reviews.shop~shop.svc.cluster.local" },
    staticResources: {
      listeners: [{ name: "probes", filterChains: [{ filters: [{ name: "http", typedConfig: manager }] }] }],
    },
  };
  expect(toJson(BootstrapSchema, fromJson(BootstrapSchema, json, { registry }), { registry })).toEqual(json);
});
