// Envoy's first configuration, which rides in its arguments: who it is, where its control plane is, and the two ports that
// answer before anything else is known. All that differs from pod to pod comes from environment variables of the container.
// @see https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/bootstrap/v3/bootstrap.proto
import { isIP } from "node:net";
import { memoize } from "../base/memo.ts";
import { metricsPath, probeClusterPrefix, sidecarNames, sidecarPorts } from "../model/sidecar.ts";
import type { Json, JsonObject } from "./json.ts";
import type { InjectorSettings, StatsMatcher } from "./settings.ts";

export type ProxyRole = "sidecar" | "gateway";

/** Environment variables that the bootstrap refers to; the container must set all of them. */
export const bootstrapVariables = ["INSTANCE_IP", "POD_NAME", "POD_NAMESPACE", "SERVICE_NAME"] as const;

/** Annotation that {@link rootSecret} stands in, and the name of its file beside the root certificate. */
export const rootSecretAnnotation = "sidecar.pillion.io/root";
export const rootSecretName = "root.json";

/** Name of the control plane's cluster; Istio's, so that dashboards find it. */
export const xdsCluster = "xds-grpc";

/**
 * The bootstrap as JSON, ready to stand in a container's arguments. The same text as long as settings and matcher are the
 * same objects.
 */
export const bootstrapArgument = memoize((settings: InjectorSettings, stats: StatsMatcher, role: ProxyRole): string =>
  argument(JSON.stringify(bootstrap(settings, stats, role))),
);

/**
 * Kubernetes expands `$(NAME)` in arguments and turns `$$` into `$`. Every dollar sign that is not ours is doubled where it
 * would be taken for one of the two.
 */
function argument(text: string): string {
  const ours = new Set(bootstrapVariables.map((name) => `$(${name})`));
  return text.replaceAll(/\$\([A-Z_]+\)|\$(?=[$(])/g, (found) => (ours.has(found) ? found : `$${found}`));
}

/** The bootstrap as an object, with `$(NAME)` where the kubelet fills in the pod's own facts. */
export function bootstrap(settings: InjectorSettings, stats: StatsMatcher, role: ProxyRole): JsonObject {
  const type = role === "gateway" ? "router" : "sidecar";
  return {
    node: {
      id: `${type}~$(INSTANCE_IP)~$(POD_NAME).$(POD_NAMESPACE)~$(POD_NAMESPACE).svc.${settings.clusterDomain}`,
      cluster: "$(SERVICE_NAME).$(POD_NAMESPACE)",
      metadata: {
        CLUSTER_ID: settings.clusterId,
        ...(settings.network === "" ? {} : { NETWORK: settings.network }),
        ISTIO_REVISION: settings.revision,
      },
    },
    admin: { address: address("127.0.0.1", sidecarPorts.admin) },
    layered_runtime: { layers: [{ name: "pillion", static_layer: runtime }] },
    stats_config: { stats_matcher: { inclusion_list: { patterns: statsPatterns(stats) } } },
    dynamic_resources: {
      ads_config: {
        api_type: "DELTA_GRPC",
        transport_api_version: "V3",
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster, retry_policy: { retry_back_off: reconnect } } }],
      },
      lds_config: fromAds,
      cds_config: fromAds,
    },
    static_resources: {
      clusters: [controlPlane(settings), admin],
      listeners: [
        forward(settings, "health", sidecarPorts.health, "/healthz/ready", "/ready"),
        forward(settings, "prometheus", sidecarPorts.prometheus, metricsPath, metricsPath),
      ],
    },
  };
}

/** Envoy's own limit of 100 instructions refuses expressions of everyday length; length is limited where rules are reviewed. */
const runtime: JsonObject = { "re2.max_program_size.error_level": 4_294_967_295 };

/** A control plane that restarts is back within a second; proxies come back one after the other, not all at once. */
const reconnect: JsonObject = { base_interval: "0.1s", max_interval: "3s" };

/** Envoy is LIVE only when the control plane has spoken; with a limit it would be ready with nothing. */
const fromAds: JsonObject = { ads: {}, resource_api_version: "V3", initial_fetch_timeout: "0s" };

/**
 * Statistics that are always kept: Envoy's own state, the connection to the control plane, the mesh's metrics, and the gauges by
 * which the health check filter answers TCP and gRPC probes: it reads 0 healthy endpoints where they are left out.
 */
const alwaysKept: StatsMatcher = {
  prefixes: [
    ...["cluster_manager", "listener_manager", "server", "istio", "component"],
    ...[xdsCluster, probeClusterPrefix].map((name) => `cluster.${name}`),
  ],
  suffixes: ["rbac.allowed", "rbac.denied", "shadow_allowed", "shadow_denied", "downstream_cx_active"],
  regexps: [],
};

function statsPatterns(stats: StatsMatcher): Json[] {
  const all = (kind: keyof StatsMatcher): readonly string[] => [...new Set([...alwaysKept[kind], ...stats[kind]])];
  return [
    ...all("prefixes").map((prefix) => ({ prefix })),
    ...all("suffixes").map((suffix) => ({ suffix })),
    ...all("regexps").map((regex) => ({ safe_regex: { regex } })),
  ];
}

const address = (host: string, port: number): JsonObject => ({ socket_address: { address: host, port_value: port } });

const typed = (name: string, type: string, fields: JsonObject = {}): JsonObject => ({
  name,
  typed_config: { "@type": `type.googleapis.com/${type}`, ...fields },
});

const fileContent: JsonObject = typed("file", "envoy.extensions.formatter.file_content.v3.FileContent");

/** The token of the pod's service account, read again whenever the kubelet renews it: it does so by a rename in the directory. */
const authorization: JsonObject = {
  key: "authorization",
  value: `Bearer %FILE_CONTENT(${sidecarNames.tokenFile}:${sidecarNames.tokenDirectory})%`,
};

const admin: JsonObject = cluster(sidecarNames.adminCluster, "STATIC", "127.0.0.1", sidecarPorts.admin);

function cluster(name: string, type: "STATIC" | "STRICT_DNS", host: string, port: number): JsonObject {
  const endpoint = { endpoint: { address: address(host, port) } };
  return {
    name,
    type,
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

/** HTTP/2 over TLS whose root is read again when it changes, with the token on every stream. */
function controlPlane({ xds }: InjectorSettings): JsonObject {
  const http = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return {
    ...cluster(xdsCluster, isIP(xds.host) === 0 ? "STRICT_DNS" : "STATIC", xds.host, xds.port),
    respect_dns_ttl: true,
    dns_failure_refresh_rate: reconnect,
    transport_socket: typed("tls", "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", {
      ...(isIP(xds.sni) === 0 ? { sni: xds.sni } : {}), // addresses are no server names (RFC 6066)
      common_tls_context: {
        alpn_protocols: ["h2"],
        validation_context_sds_secret_config: {
          name: rootName,
          sds_config: {
            resource_api_version: "V3",
            path_config_source: { path: rootSecretFile, watched_directory: { path: sidecarNames.rootDirectory } },
          },
        },
      },
    }),
    // A control plane that vanished without a word is noticed within 15 s.
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 10, keepalive_interval: 5, keepalive_probes: 3 } },
    typed_extension_protocol_options: {
      [http]: {
        "@type": `type.googleapis.com/${http}`,
        explicit_http_config: {
          http2_protocol_options: { connection_keepalive: { interval: "10s", timeout: "5s" } },
        },
        http_filters: [
          typed("token", "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation", {
            mutations: { formatters: [fileContent], request_mutations: [{ append: { header: authorization } }] },
          }),
          typed("codec", "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
        ],
      },
    },
  };
}

const rootName = "root";
/** The file, beside the root certificate, that {@link rootSecret} is mounted as. */
const rootSecretFile = `${sidecarNames.rootDirectory}/${rootSecretName}`;

/**
 * Envoy reads a certificate again only when a file of secrets names it, so the pod carries that file as an annotation.
 * The same text as long as the settings are the same object.
 */
export const rootSecret = memoize((settings: InjectorSettings): string => {
  const secret = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
    name: rootName,
    validation_context: {
      trusted_ca: { filename: sidecarNames.rootFile },
      watched_directory: { path: sidecarNames.rootDirectory },
      match_typed_subject_alt_names: [subjectAltName(settings.xds.sni)],
    },
  };
  return JSON.stringify({ resources: [secret] });
});

const subjectAltName = (name: string): JsonObject => ({
  san_type: isIP(name) === 0 ? "DNS" : "IP_ADDRESS",
  matcher: { exact: name },
});

/** A listener with one path, which is answered by Envoy's admin interface under another. */
function forward(settings: InjectorSettings, name: string, port: number, path: string, adminPath: string): JsonObject {
  const connections = typed(
    "http",
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    {
      stat_prefix: name,
      route_config: {
        virtual_hosts: [
          {
            name,
            domains: ["*"],
            routes: [{ match: { path }, route: { cluster: sidecarNames.adminCluster, prefix_rewrite: adminPath } }],
          },
        ],
      },
      http_filters: [typed("router", "envoy.extensions.filters.http.router.v3.Router")],
    },
  );
  const bind: JsonObject = settings.ipFamilies.includes("IPv6")
    ? { socket_address: { address: "::", port_value: port, ipv4_compat: true } }
    : address("0.0.0.0", port);
  // The ports stay when the control plane's listeners are drained: monitoring is wanted most at the end.
  return { name, address: bind, filter_chains: [{ filters: [connections] }], ignore_global_conn_limit: true };
}
