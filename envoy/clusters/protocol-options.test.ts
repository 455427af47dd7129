// Which protocol a port's requests are carried by.
import { expect, test } from "vitest";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import type { Protocol } from "../../model/protocol.ts";
import { type Carrier, carrierOf } from "./protocol-options.ts";

const upgrade: TrafficPolicy = { connectionPool: { http: { h2UpgradePolicy: "UPGRADE" } } };
const asClient: TrafficPolicy = { connectionPool: { http: { useClientProtocol: true } } };

test.each<{ protocol: Protocol; policy: TrafficPolicy; want: Carrier }>([
  { protocol: "http", policy: {}, want: "http1" },
  { protocol: "http", policy: upgrade, want: "http2" },
  { protocol: "http", policy: asClient, want: "as-received" },
  { protocol: "http2", policy: {}, want: "http2" },
  { protocol: "grpc", policy: {}, want: "http2" },
  { protocol: "grpc", policy: asClient, want: "as-received" },
  { protocol: "sniffed", policy: {}, want: "as-received" },
  { protocol: "sniffed", policy: upgrade, want: "http2" },
  { protocol: "sniffed", policy: asClient, want: "as-received" },
  { protocol: "tcp", policy: upgrade, want: "bytes" },
  { protocol: "https", policy: {}, want: "bytes" },
])("carrierOf($protocol, $policy) is $want", ({ protocol, policy, want }) => {
  expect(carrierOf(protocol, policy)).toBe(want);
});
