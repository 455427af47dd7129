// What a sidecar listens on for callers of its application: chains for each port, by what comes in and how.
import { create } from "@bufbuild/protobuf";
import { parseDuration } from "../../api/duration.ts";
import { memoize } from "../../base/memo.ts";
import { type MtlsMode, mtlsMode } from "../../model/mtls.ts";
import { layerOf, type Protocol } from "../../model/protocol.ts";
import { sidecarPorts } from "../../model/sidecar.ts";
import type { MeshSettings } from "../../model/snapshot.ts";
import { milliseconds } from "../duration.ts";
import { clusterNeeds, encode } from "../encode.ts";
import { type InboundPort, inboundPorts } from "../inbound-ports.ts";
import { meshAlpn, meshServerTls } from "../mesh-tls.ts";
import { blackHoleCluster, inboundCluster, inboundPassthroughCluster, virtualInbound } from "../names.ts";
import {
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from "../proto/envoy/config/core/v3/base_pb.ts";
import type { Filter, FilterChain } from "../proto/envoy/config/listener/v3/listener_components_pb.ts";
import { ListenerSchema } from "../proto/envoy/config/listener/v3/listener_pb.ts";
import { type RouteConfiguration, RouteConfigurationSchema } from "../proto/envoy/config/route/v3/route_pb.ts";
import type { InboundContext } from "../proxy-context.ts";
import { remembering } from "../remember.ts";
import { type EncodedResource, typeUrls } from "../resource.ts";
import { forwardTo } from "../routes/fixed-routes.ts";
import { grpcWeb } from "./http-filters.ts";
import { httpManager } from "./http-manager.ts";
import { chain, listenerAt } from "./listener.ts";
import { detectionTimeoutMs, httpInspector, originalDestination, plainHttp, tlsInspector } from "./listener-filters.ts";
import { tcpProxy } from "./tcp-proxy.ts";

/** The listener of redirected inbound connections. */
export function inboundListener({ snapshot, workload, ipv6 }: InboundContext): EncodedResource {
  const ports = inboundPorts(snapshot, workload);
  const elsewhere = mtlsMode(snapshot, workload, 0);
  const key = JSON.stringify([ports, elsewhere, ipv6]);
  return encoded(snapshot.mesh, key, () => encodeInbound(snapshot.mesh, ports, elsewhere, ipv6));
}

const encoded = remembering<EncodedResource>();

function encodeInbound(
  mesh: MeshSettings,
  ports: readonly InboundPort[],
  elsewhere: MtlsMode,
  ipv6: boolean,
): EncodedResource {
  const known = ports.filter(({ protocol }) => layerOf(protocol) !== "sniffed");
  // Bytes without mutual TLS: whatever comes first, it goes to the application as it is.
  const bytes = known.filter(({ protocol, mode }) => layerOf(protocol) === "tcp" && mode === "DISABLE");
  const isAllStrict = [elsewhere, ...ports.map(({ mode }) => mode)].every((mode) => mode === "STRICT");
  const message = listenerAt(
    { name: virtualInbound, port: sidecarPorts.inbound, direction: "inbound", ipv6 },
    {
      listenerFilters: [originalDestination, tlsInspector(bytes.map(portNumber)), httpInspector(known.map(portNumber))],
      listenerFiltersTimeout: milliseconds(isAllStrict ? strictPatienceMs(mesh) : detectionTimeoutMs(mesh.config)),
      continueOnListenerFiltersTimeout: true,
      filterChains: [
        // Nobody is redirected to this port on purpose, and forwarding to it would never end.
        chain("virtualInbound-blackhole", { destinationPort: sidecarPorts.inbound }, [
          tcpProxy(mesh, blackHoleCluster),
        ]),
        ...ports.flatMap((port) => portChains(mesh, port)),
        ...passthroughChains(mesh, elsewhere),
      ],
    },
  );
  const clusters = [blackHoleCluster, inboundPassthroughCluster, ...ports.map(({ number }) => inboundCluster(number))];
  return encode(typeUrls.listener, virtualInbound, ListenerSchema, { message, needs: clusterNeeds(clusters) });
}

const portNumber = ({ number }: InboundPort): number => number;

/** Where nothing can be guessed wrong, a handshake may come as late as its client has patience for it. */
const strictPatienceMs = ({ config }: MeshSettings): number =>
  detectionTimeoutMs(config, parseDuration(config.connectTimeout));

/** The same chains for every proxy that has the port. */
const portChainsFor = memoize((mesh: MeshSettings, number: number, protocol: Protocol, mode: MtlsMode) =>
  chains(mesh, { port: number, protocol, mode, cluster: inboundCluster(number) }),
);

const portChains = (mesh: MeshSettings, { number, protocol, mode }: InboundPort): FilterChain[] =>
  portChainsFor(mesh, number, protocol, mode);

const passthroughChains = memoize((mesh: MeshSettings, mode: MtlsMode) =>
  chains(mesh, { port: undefined, protocol: "sniffed", mode, cluster: inboundPassthroughCluster }),
);

interface Inlet {
  /** undefined: all ports that have no chains of their own. */
  readonly port: number | undefined;
  readonly protocol: Protocol;
  readonly mode: MtlsMode;
  readonly cluster: string;
}

/** Envoy does not step back from a transport protocol or an ALPN that it has entered, so each way in is spelled out. */
function chains(mesh: MeshSettings, inlet: Inlet): FilterChain[] {
  const { port, protocol, mode, cluster } = inlet;
  const layer = layerOf(protocol);
  const name = port === undefined ? "virtualInbound-catchall" : `0.0.0.0_${port}`;
  const at = port === undefined ? {} : { destinationPort: port };
  const requests = [httpFilter(mesh, inlet)];
  const bytes = [tcpProxy(mesh, cluster)];
  const made: FilterChain[] = [];
  const tls = (suffix: string, alpn: readonly string[], content: "http" | "tcp") => {
    const match = { ...at, transportProtocol: "tls", applicationProtocols: [...alpn] };
    const secured = chain(`${name}-${suffix}`, match, content === "http" ? requests : bytes);
    secured.transportSocket = meshServerTls(mesh, content);
    made.push(secured);
  };
  const plain = (suffix: string, conditions: object, content: readonly Filter[]) =>
    made.push(chain(`${name}-${suffix}`, { ...at, ...conditions }, content));

  if (mode !== "DISABLE") {
    // Under PERMISSIVE the application may have TLS of its own: only who names the mesh's ALPN meets ours.
    const others = mode === "STRICT" ? [] : meshAlpn.tcp;
    const all = mode === "STRICT" ? [] : [...meshAlpn.http, ...meshAlpn.tcp];
    if (layer === "http") tls("mtls", all, "http");
    else if (layer === "tcp") tls("mtls", all, "tcp");
    else {
      tls("mtls-http", meshAlpn.http, "http");
      tls("mtls-tcp", others, "tcp");
    }
  }
  if (mode !== "STRICT") {
    if (layer === "sniffed")
      plain("http", { transportProtocol: "raw_buffer", applicationProtocols: [...plainHttp] }, requests);
    plain("plain", { transportProtocol: "raw_buffer" }, layer === "http" ? requests : bytes);
    plain("tls", { transportProtocol: "tls" }, bytes);
  }
  return made;
}

function httpFilter(mesh: MeshSettings, { port, protocol, cluster }: Inlet): Filter {
  return httpManager(mesh, {
    side: "inbound",
    statPrefix: port === undefined ? inboundPassthroughCluster : `inbound_0.0.0.0_${port}`,
    routes: inboundRoutes(cluster, port),
    filters: protocol === "grpc-web" ? [grpcWeb] : [],
  });
}

/** The application sees 127.0.0.6 as its peer; where no gateway told who calls, this does. */
const callerAddress = create(HeaderValueOptionSchema, {
  header: { key: "x-forwarded-for", value: "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%" },
  appendAction: HeaderValueOption_HeaderAppendAction.ADD_IF_ABSENT,
});

function inboundRoutes(cluster: string, port: number | undefined): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name: cluster,
    // Clusters come in a message of their own, and may be late.
    validateClusters: false,
    virtualHosts: [{ name: `inbound|http|${port ?? 0}`, domains: ["*"], routes: [forwardTo(cluster, "default")] }],
    requestHeadersToAdd: [callerAddress],
  });
}
