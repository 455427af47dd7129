// How connections to a host are made: the part that a DestinationRule has for the host, for each subset and for each port.
import {
  bool,
  double,
  duration,
  enumeration,
  int32,
  list,
  map,
  object,
  required,
  type Static,
  string,
  uint32,
  uint64,
} from "./schema.ts";

/** Some fields take any duration, 0s and negative ones too. */
const anyTime = Number.MIN_SAFE_INTEGER;

const failover = list(
  "Where traffic goes when a region is down",
  object("From one region to another", { from: string("Region"), to: string("Region") }),
);
const failoverPriority = list("Labels in order of importance; endpoints that share more come first", string("Label"));

const consistentHash = object("Keep a caller at one endpoint", {
  httpHeaderName: string("By the value of this header"),
  httpCookie: object("By a cookie, made where there is none", {
    name: required(string("Name of the cookie")),
    path: string("Path of the cookie"),
    ttl: duration("Lifetime of the cookie; 0s makes a session cookie", 0),
    attributes: list(
      "Further attributes of the cookie",
      object("One attribute", { name: required(string("Name")), value: string("Value") }),
    ),
  }),
  useSourceIp: bool("By the caller's address"),
  httpQueryParameterName: string("By the value of this query parameter"),
  ringHash: object("Ring hash", { minimumRingSize: uint64("Least number of virtual nodes; 1024 by default") }),
  maglev: object("Maglev", { tableSize: uint64("Size of the table; 65537 by default") }),
  minimumRingSize: uint64("Deprecated: use ringHash.minimumRingSize"),
});

const loadBalancer = object("Which endpoint gets a request", {
  simple: enumeration("Algorithm that needs no settings", [
    "UNSPECIFIED",
    "LEAST_CONN",
    "RANDOM",
    "PASSTHROUGH",
    "ROUND_ROBIN",
    "LEAST_REQUEST",
  ]),
  consistentHash,
  backendUtilization: object("By the load that endpoints report", {
    errorUtilizationPenaltyPercent: uint32("How much errors count"),
    metricNamesForComputingUtilization: list("Metrics that make up the load", string("Metric name")),
    weightExpirationPeriod: duration("How long a report counts", anyTime),
    weightStabilizationPeriod: duration("How long an endpoint reports before its weight counts", anyTime),
    weightUpdatePeriod: duration("How often weights are computed", anyTime),
  }),
  localityLbSetting: object("Prefer endpoints that are near", {
    enabled: bool("Whether it is on; the mesh's setting by default"),
    distribute: list(
      "Shares by locality",
      object("Shares for callers of one locality", {
        from: string("region/zone/subzone of the caller"),
        to: map("Percent by locality of the endpoint", uint32("Percent")),
      }),
    ),
    failover,
    failoverPriority,
  }),
  zoneAwareLbSetting: object("Prefer the caller's zone as far as it has room", {
    enabled: bool("Whether it is on"),
    failover,
    failoverPriority,
    minClusterSize: uint32("Fewest endpoints for it to act", { minimum: 1 }),
  }),
  warmup: object("Raise the share of new endpoints slowly", {
    duration: required(duration("How long")),
    minimumPercent: double("Share to begin with", { minimum: 0, maximum: 100 }),
    aggression: double("How fast it rises; 1 is even", { minimum: 0 }),
  }),
  warmupDurationSecs: duration("Deprecated: use warmup"),
});

/** Limits of connections and requests. */
export const connectionPool = object("Limits of connections and requests", {
  tcp: object("Limits of TCP connections, HTTP included", {
    maxConnections: int32("Most connections"),
    connectTimeout: duration("Time to connect; 10s by default"),
    tcpKeepalive: object("Probing idle connections", {
      probes: uint32("Unanswered probes before the connection is closed"),
      time: duration("Idle time before the first probe"),
      interval: duration("Time between probes"),
    }),
    maxConnectionDuration: duration("Longest life of a connection"),
    idleTimeout: duration("Time without bytes after which a TCP connection is closed; 0s: never", anyTime),
  }),
  http: object("Limits of HTTP", {
    http1MaxPendingRequests: int32("Most requests that wait for a connection"),
    http2MaxRequests: int32("Most requests at one time"),
    maxRequestsPerConnection: int32("Most requests on one connection; 1 switches keep-alive off"),
    maxRetries: int32("Most retries at one time"),
    idleTimeout: duration("Time without requests after which a connection is closed; 1h by default"),
    h2UpgradePolicy: enumeration("Whether HTTP/1.1 is carried over HTTP/2", ["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"]),
    useClientProtocol: bool("Speak the protocol that the caller speaks"),
    maxConcurrentStreams: int32("Most streams on one HTTP/2 connection"),
    http2KeepAlive: object("Pings on HTTP/2 connections", {
      interval: duration("Time between pings"),
      timeout: duration("Time to wait for the answer"),
    }),
  }),
});

const outlierDetection = object("Leave out endpoints that fail", {
  consecutiveErrors: int32("Deprecated: use consecutive5xxErrors"),
  splitExternalLocalOriginErrors: bool("Count failures to connect apart from error responses"),
  consecutiveLocalOriginFailures: uint32("Failures to connect in a row"),
  consecutiveGatewayErrors: uint32("502, 503, 504 in a row"),
  consecutive5xxErrors: uint32("5xx in a row; 5 by default"),
  interval: duration("Time between looks; 10s by default"),
  baseEjectionTime: duration("Least time out; 30s by default"),
  maxEjectionPercent: int32("Most endpoints out, in percent; 10 by default"),
  minHealthPercent: int32("Fewer healthy endpoints, in percent, switch it off; 0 by default"),
  outlierDetectionHttpErrorCodes: list(
    "Status codes that count as errors",
    uint32("HTTP status code", { minimum: 100, maximum: 599 }),
  ),
});

const clientTls = object("TLS towards the host", {
  mode: enumeration("Whose certificates", ["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"]),
  clientCertificate: string("File of the certificate, for MUTUAL"),
  privateKey: string("File of the key, for MUTUAL"),
  caCertificates: string("File of the roots that the server's certificate is checked with"),
  caCrl: string("File of the revocation list"),
  credentialName: string("Secret with certificate, key and roots"),
  subjectAltNames: list("Names that the server's certificate may have", string("Name")),
  sni: string("Server name to send"),
  insecureSkipVerify: bool("Do not check the server's certificate"),
});

const perPort = { loadBalancer, connectionPool, outlierDetection, tls: clientTls };

/** How connections to a host or subset are made. */
export const trafficPolicy = object("How connections are made", {
  ...perPort,
  portLevelSettings: list(
    "Settings for single ports; they replace those above as a whole",
    object("Settings for one port", { port: object("The port", { number: uint32("Port number") }), ...perPort }),
    { maxItems: 4096 },
  ),
  tunnel: object("Carry connections through a proxy", {
    protocol: string("CONNECT or POST; CONNECT by default"),
    targetHost: required(string("Host that the proxy connects to")),
    targetPort: required(uint32("Port that the proxy connects to")),
  }),
  proxyProtocol: object("Send a PROXY protocol header", {
    version: enumeration("Version of the header", ["V1", "V2"]),
  }),
  retryBudget: object("Limit retries to a share of the requests", {
    percent: double("Share of active requests; 20 by default", { minimum: 0, maximum: 100 }),
    minRetryConcurrency: uint32("Retries that are always allowed; 3 by default"),
    budgetInterval: duration("Time over which requests are counted", anyTime),
  }),
});

export type TrafficPolicy = Static<typeof trafficPolicy>;
export type LoadBalancer = Static<typeof loadBalancer>;
export type ConsistentHash = Static<typeof consistentHash>;
export type ConnectionPool = Static<typeof connectionPool>;
export type OutlierDetection = Static<typeof outlierDetection>;
export type ClientTls = Static<typeof clientTls>;
export type PortTrafficPolicy = NonNullable<TrafficPolicy["portLevelSettings"]>[number];
