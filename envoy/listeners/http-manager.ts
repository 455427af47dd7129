// The HTTP connection manager: one for outbound, inbound, gateway and probe listeners, which differ in whom they trust.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { MeshSettings } from "../../model/snapshot.ts";
import { ads, cidrRange } from "../address.ts";
import { milliseconds } from "../duration.ts";
import { extension, type NamedExtension } from "../pack.ts";
import { type Filter, FilterSchema } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import type { RouteConfiguration } from "../proto/envoy/config/route/v3/route_pb.ts";
import {
  HttpConnectionManager_ForwardClientCertDetails,
  HttpConnectionManager_PathWithEscapedSlashesAction,
  HttpConnectionManager_ServerHeaderTransformation,
  HttpConnectionManagerSchema,
} from "../proto/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { accessLogs } from "./access-log.ts";
import { failedHook } from "./failed-hook.ts";
import { router } from "./http-filters.ts";

/** Where the requests come from: decides what is believed and what is told. */
export type HttpSide = "outbound" | "inbound" | "gateway" | "probes";

export interface HttpOptions {
  readonly side: HttpSide;
  readonly statPrefix: string;
  /** The name of a route configuration, or the configuration itself. */
  readonly routes: string | RouteConfiguration;
  /** Before the router. */
  readonly filters: readonly NamedExtension[];
}

/** The network filter that reads requests. */
export function httpManager(mesh: MeshSettings, { side, statPrefix, routes, filters }: HttpOptions): Filter {
  const manager = extension("envoy.filters.network.http_connection_manager", HttpConnectionManagerSchema, {
    statPrefix,
    routeSpecifier:
      typeof routes === "string"
        ? { case: "rds", value: { routeConfigName: routes, configSource: ads } }
        : { case: "routeConfig", value: routes },
    httpFilters: [...filters, router],
    accessLog: side === "probes" ? [] : accessLogs(mesh.config),
    httpProtocolOptions: { acceptHttp10: true },
    upgradeConfigs: [{ upgradeType: "websocket" }],
    // A stream may be idle as long as its ends like; routes have timeouts of their own.
    streamIdleTimeout: milliseconds(0),
    normalizePath: true,
    pathWithEscapedSlashesAction: HttpConnectionManager_PathWithEscapedSlashesAction.KEEP_UNCHANGED,
    // Applications hand these on, and people search logs for them.
    preserveExternalRequestId: true,
    ...bySide[side],
    // Callers in the mesh may set timeouts by x-envoy headers; from all others Envoy takes these headers away.
    internalAddressConfig: { cidrRanges: mesh.podPrefixes.map(cidrRange) },
  });
  return create(FilterSchema, manager);
}

type ManagerInit = MessageInitShape<typeof HttpConnectionManagerSchema>;

const { OVERWRITE, PASS_THROUGH } = HttpConnectionManager_ServerHeaderTransformation;
const { APPEND_FORWARD, SANITIZE_SET } = HttpConnectionManager_ForwardClientCertDetails;
const clientCertificate = { subject: true, uri: true, dns: true };

const bySide = {
  // The application is the pod itself, so it may set timeouts by x-envoy headers. What it hands on about its own caller
  // (x-forwarded-for, x-forwarded-proto) stays as it is: that is what the trusted hop and the missing append are for.
  outbound: {
    useRemoteAddress: true,
    skipXffAppend: true,
    xffNumTrustedHops: 1,
    serverHeaderTransformation: PASS_THROUGH,
  },
  // What stood before this proxy wrote the headers on where a request comes from; over mutual TLS Envoy would overwrite
  // x-forwarded-proto with https, and applications would redirect to it.
  inbound: {
    useRemoteAddress: false,
    serverName: "istio-envoy",
    serverHeaderTransformation: OVERWRITE,
    forwardClientCertDetails: APPEND_FORWARD,
    setCurrentClientCertDetails: clientCertificate,
  },
  gateway: {
    useRemoteAddress: true,
    serverName: "istio-envoy",
    serverHeaderTransformation: OVERWRITE,
    forwardClientCertDetails: SANITIZE_SET,
    setCurrentClientCertDetails: clientCertificate,
  },
  probes: {
    useRemoteAddress: false,
    serverHeaderTransformation: PASS_THROUGH,
    localReplyConfig: { mappers: [failedHook] },
  },
} satisfies Readonly<Record<HttpSide, ManagerInit>>;
