// Which protocol is spoken to an upstream, and how long its connections live.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { TrafficPolicy } from "../../api/traffic-policy.ts";
import { layerOf, type Protocol } from "../../model/protocol.ts";
import { durationOf, positiveDuration } from "../duration.ts";
import { pack } from "../pack.ts";
import {
  type HttpProtocolOptions as CommonOptions,
  HttpProtocolOptionsSchema as CommonOptionsSchema,
  type Http2ProtocolOptions,
  Http2ProtocolOptionsSchema,
  type UpstreamHttpProtocolOptionsSchema,
} from "../proto/envoy/config/core/v3/protocol_pb.ts";
import {
  type HttpProtocolOptions,
  HttpProtocolOptionsSchema,
} from "../proto/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";

/** How requests are carried: as HTTP/1.1, as HTTP/2, as they came, or not at all (bytes). */
export type Carrier = "http1" | "http2" | "as-received" | "bytes";

/** The carrier for a port; `h2UpgradePolicy` and `useClientProtocol` may change it. */
export function carrierOf(protocol: Protocol, { connectionPool }: TrafficPolicy): Carrier {
  const layer = layerOf(protocol);
  if (layer === "tcp" || layer === "none") return "bytes";
  if (connectionPool?.http?.useClientProtocol === true) return "as-received";
  // Who asks for it knows what the port speaks, even where its name does not tell.
  if (connectionPool?.http?.h2UpgradePolicy === "UPGRADE") return "http2";
  if (layer === "sniffed") return "as-received";
  return protocol === "http" ? "http1" : "http2";
}

/** `typed_extension_protocol_options` of a cluster. */
export function protocolOptions(
  carrier: Carrier,
  policy: TrafficPolicy,
  requests?: MessageInitShape<typeof UpstreamHttpProtocolOptionsSchema>,
): Record<string, Any> {
  if (carrier === "bytes") return {};
  const value = pack(HttpProtocolOptionsSchema, {
    commonHttpProtocolOptions: commonOptions(policy),
    upstreamProtocolOptions: upstreamProtocol(carrier, policy),
    ...(requests === undefined ? {} : { upstreamHttpProtocolOptions: requests }),
  });
  return { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": value };
}

function upstreamProtocol(
  carrier: Exclude<Carrier, "bytes">,
  policy: TrafficPolicy,
): HttpProtocolOptions["upstreamProtocolOptions"] {
  const http2ProtocolOptions = http2Options(policy);
  const made = create(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions:
      carrier === "as-received"
        ? { case: "useDownstreamProtocolConfig", value: { httpProtocolOptions: {}, http2ProtocolOptions } }
        : {
            case: "explicitHttpConfig",
            value: {
              protocolConfig:
                carrier === "http2"
                  ? { case: "http2ProtocolOptions", value: http2ProtocolOptions }
                  : { case: "httpProtocolOptions", value: {} },
            },
          },
  });
  return made.upstreamProtocolOptions;
}

function http2Options({ connectionPool }: TrafficPolicy): Http2ProtocolOptions {
  const { maxConcurrentStreams, http2KeepAlive } = connectionPool?.http ?? {};
  const interval = positiveDuration(http2KeepAlive?.interval);
  const timeout = positiveDuration(http2KeepAlive?.timeout);
  return create(Http2ProtocolOptionsSchema, {
    ...(maxConcurrentStreams === undefined || maxConcurrentStreams <= 0 ? {} : { maxConcurrentStreams }),
    ...(interval === undefined || timeout === undefined ? {} : { connectionKeepalive: { interval, timeout } }),
  });
}

function commonOptions({ connectionPool }: TrafficPolicy): CommonOptions {
  const { idleTimeout, maxRequestsPerConnection = 0 } = connectionPool?.http ?? {};
  const idle = durationOf(idleTimeout ?? connectionPool?.tcp?.idleTimeout);
  const maxConnectionDuration = positiveDuration(connectionPool?.tcp?.maxConnectionDuration);
  return create(CommonOptionsSchema, {
    ...(idle === undefined ? {} : { idleTimeout: idle }),
    ...(maxConnectionDuration === undefined ? {} : { maxConnectionDuration }),
    ...(maxRequestsPerConnection > 0 ? { maxRequestsPerConnection } : {}),
  });
}
