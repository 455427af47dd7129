// The mesh configuration: the key `mesh` of the ConfigMap `istio` in `istio-system`, as Istio's users write it.
import { parseDocument } from "yaml";
import type { Finding, Severity } from "../base/finding.ts";
import { type JsonPath, jsonPath } from "../base/json-path.ts";
import type { ObjectRef } from "../base/object-ref.ts";
import { oddProblems } from "./mesh-oddities.ts";
import { valueProblems } from "./mesh-values.ts";
import { nearest } from "./nearest.ts";
import { isJsonObject, type JsonObject, normalize } from "./normalize.ts";
import {
  anything,
  bool,
  duration,
  enumeration,
  list,
  map,
  object,
  open,
  required,
  type SchemaNode,
  type Static,
  string,
  uint32,
} from "./schema.ts";
import { checkSchema, type SchemaProblem } from "./schema-findings.ts";

const exportTo = (what: string) =>
  required(list(`Namespaces that see ${what} that do not say`, string("Namespace, . or *")));

/** The settings of one proxy; pods override them with the annotation `proxy.istio.io/config`. */
export const proxyConfigSchema = open("Settings of every proxy", {
  holdApplicationUntilProxyStarts: required(bool("Start the application after the proxy is ready")),
  proxyMetadata: required(map("Environment of the proxy", string("Value"))),
  concurrency: uint32("Worker threads; 0 means all cores, and without it the CPU limit decides"),
  discoveryAddress: required(string("Host and port of the control plane")),
  terminationDrainDuration: required(duration("Time to drain when the pod ends", 0)),
  drainDuration: required(duration("Time over which connections are asked to close", 0)),
  interceptionMode: enumeration("How connections reach the proxy", ["REDIRECT", "TPROXY", "NONE"]),
  proxyStatsMatcher: open("Statistics to keep beside those that are always kept", {
    inclusionPrefixes: list("Beginnings of names", string("Text")),
    inclusionSuffixes: list("Ends of names", string("Text")),
    inclusionRegexps: list("Names as regular expressions of RE2", string("Expression")),
  }),
  tracing: anything("Tracing of the proxies"),
});

const pillion = object("Settings that only Pillion has", {
  findings: required(map("What a code does", enumeration("off, warn or deny", ["off", "warn", "deny"]))),
  serviceCidrs: required(list("Address ranges of Services, where the cluster does not tell", string("CIDR"))),
  clusterDomain: required(string("What all full names of Services end with", { minLength: 1 })),
});

/** The fields that are read. Of the others Istio has a hundred; they are kept and not checked. */
export const meshConfigSchema = open("Mesh configuration", {
  accessLogFile: required(string("File of the access log, such as /dev/stdout; none by default")),
  accessLogFormat: required(string("Format of a line; Istio's by default")),
  accessLogEncoding: required(enumeration("Encoding of a line", ["TEXT", "JSON"])),
  outboundTrafficPolicy: required(
    open("Unknown destinations", {
      mode: required(enumeration("Pass through or refuse", ["ALLOW_ANY", "REGISTRY_ONLY"])),
    }),
  ),
  trustDomain: required(string("Domain of all identities")),
  rootNamespace: required(string("Namespace whose rules are for the whole mesh")),
  enableAutoMtls: required(bool("Mutual TLS wherever both ends have it")),
  protocolDetectionTimeout: duration(
    "Time to wait for first bytes; 0s waits for ever; without it docs/adr/0008 tells",
    0,
  ),
  connectTimeout: required(duration("Time to connect")),
  dnsRefreshRate: required(duration("Time between DNS look-ups")),
  enableTracing: required(bool("Whether proxies trace")),
  enablePrometheusMerge: required(bool("Serve the application's metrics with the proxy's")),
  defaultServiceExportTo: exportTo("Services"),
  defaultVirtualServiceExportTo: exportTo("VirtualServices"),
  defaultDestinationRuleExportTo: exportTo("DestinationRules"),
  ingressService: required(string("Service of the ingress gateway")),
  ingressSelector: string("Value of the label istio of the ingress gateway's pods"),
  extensionProviders: list(
    "Providers of telemetry and authorization",
    open("One provider", { name: string("How policies name it") }),
  ),
  defaultProviders: open("Providers of Telemetries that name none", {
    accessLogging: list("Of access logs", string("Name of a provider")),
  }),
  defaultConfig: required(proxyConfigSchema),
  pillion: required(pillion),
});

/** Mesh configuration with every default filled in. Fields that Pillion does not read are kept beside the typed ones. */
export type MeshConfig = Static<typeof meshConfigSchema>;
/** Settings of a proxy with every default filled in. */
export type ProxyConfig = Static<typeof proxyConfigSchema>;

/** What holds where the user says nothing: Istio's defaults, so that nobody meets a surprise. */
export const defaultMeshConfig: MeshConfig = Object.freeze<MeshConfig>({
  accessLogFile: "",
  accessLogFormat: "",
  accessLogEncoding: "TEXT",
  outboundTrafficPolicy: { mode: "ALLOW_ANY" },
  trustDomain: "cluster.local",
  rootNamespace: "istio-system",
  enableAutoMtls: true,
  connectTimeout: "10s",
  dnsRefreshRate: "60s",
  enableTracing: true,
  enablePrometheusMerge: true,
  defaultServiceExportTo: ["*"],
  defaultVirtualServiceExportTo: ["*"],
  defaultDestinationRuleExportTo: ["*"],
  ingressService: "istio-ingressgateway",
  defaultConfig: {
    holdApplicationUntilProxyStarts: false,
    proxyMetadata: {},
    discoveryAddress: "istiod.istio-system.svc:15012",
    terminationDrainDuration: "5s",
    drainDuration: "45s",
  },
  pillion: { findings: {}, serviceCidrs: [], clusterDomain: "cluster.local" },
});

/** Where the mesh configuration stands. */
export const meshConfigMap: ObjectRef & { readonly kind: "ConfigMap"; readonly key: "mesh" } = Object.freeze({
  kind: "ConfigMap",
  namespace: "istio-system",
  name: "istio",
  key: "mesh",
});

/**
 * Mesh configuration from YAML, over the defaults. With an error among the findings the defaults are returned.
 * Paths of findings begin at the ConfigMap: `data.mesh.outboundTrafficPolicy.mode`.
 */
export function parseMeshConfig(yamlText: string): {
  readonly config: MeshConfig;
  readonly findings: readonly Finding[];
} {
  const document = parseDocument(yamlText);
  const [syntax] = document.errors;
  if (syntax !== undefined) return { config: defaultMeshConfig, findings: [unreadable(syntax.message)] };
  const given: unknown = document.toJS() ?? {};
  if (!isJsonObject(given)) return { config: defaultMeshConfig, findings: [unreadable("it is not a mapping")] };
  const value = normalize(given, meshConfigSchema);
  const merged = overlay({ ...defaultMeshConfig }, isJsonObject(value) ? value : {});
  const problems = checkSchema(meshConfigSchema, merged);
  const unusable = problems.length > 0 ? [] : valueProblems(merged);
  const errors = [...problems, ...unusable].map((problem) => toFinding(problem, "error"));
  const warnings = [...misspellings(merged), ...oddProblems(merged)];
  const findings = [...errors, ...warnings.map((problem) => toFinding(problem, "warning"))];
  // The check above has just established the type.
  return { config: errors.length > 0 ? defaultMeshConfig : (merged as unknown as MeshConfig), findings };
}

/** `over` laid over `under`: mappings are joined, everything else is replaced. */
function overlay(under: JsonObject, over: JsonObject): JsonObject {
  const entries = Object.entries(over).map(([key, value]): [string, unknown] => {
    const below = under[key];
    return [key, isJsonObject(below) && isJsonObject(value) ? overlay(below, value) : value];
  });
  return { ...under, ...Object.fromEntries(entries) };
}

function misspellings(config: JsonObject): readonly SchemaProblem[] {
  const { outboundTrafficPolicy: outbound, defaultConfig: proxy } = config;
  const { properties = {} } = meshConfigSchema;
  const outboundSchema = properties["outboundTrafficPolicy"];
  return [
    ...misspelledIn(config, meshConfigSchema, unreadMeshFields, []),
    ...(isJsonObject(outbound) && outboundSchema !== undefined
      ? misspelledIn(outbound, outboundSchema, ["egressProxy"], ["outboundTrafficPolicy"])
      : []),
    ...(isJsonObject(proxy) ? misspelledIn(proxy, proxyConfigSchema, unreadProxyFields, ["defaultConfig"]) : []),
  ];
}

function misspelledIn(
  value: JsonObject,
  schema: SchemaNode,
  unread: readonly string[],
  at: readonly string[],
): readonly SchemaProblem[] {
  const known = [...Object.keys(schema.properties ?? {}), ...unread];
  return Object.keys(value).flatMap((name) => {
    const near = known.includes(name) ? undefined : nearest(name, known);
    if (near === undefined) return [];
    const problem: SchemaProblem = {
      code: "PIL1013",
      path: jsonPath(...at, name),
      problem: `there is no field "${name}"`,
      reason: "It is kept, and nothing reads it",
      fix: `Write "${near}", if that is what it is to be`,
    };
    return [problem];
  });
}

/** Fields of Istio's that are not read: they are no misspellings of others. */
const unreadProxyFields: readonly string[] = [
  "availabilityZone",
  "binaryPath",
  "caCertificatesPem",
  "configPath",
  "connectionSettings",
  "controlPlaneAuthPolicy",
  "customConfigFile",
  "discoveryRefreshDelay",
  "enableCriticalHeaders",
  "envoyAccessLogService",
  "envoyMetricsService",
  "envoyMetricsServiceAddress",
  "extraStatTags",
  "fileFlushInterval",
  "fileFlushMinSizeKb",
  "gatewayTopology",
  "image",
  "meshId",
  "parentShutdownDuration",
  "privateKeyProvider",
  "proxyAdminPort",
  "proxyBootstrapTemplatePath",
  "proxyHeaders",
  "readinessProbe",
  "runtimeValues",
  "sds",
  "serviceCluster",
  "statNameLength",
  "statsCompression",
  "statsdUdpAddress",
  "statusPort",
  "tracingServiceName",
  "zipkinAddress",
];

/** The same for the mesh configuration itself. */
export const unreadMeshFields: readonly string[] = [
  "ca",
  "caCertificates",
  "certificates",
  "configSources",
  "defaultHttpRetryPolicy",
  "defaultInboundHttpRetryPolicy",
  "defaultTrafficPolicy",
  "disableEnvoyListenerLog",
  "discoverySelectors",
  "enableEnvoyAccessLogService",
  "h2UpgradePolicy",
  "inboundClusterStatName",
  "inboundTrafficPolicy",
  "ingressClass",
  "ingressControllerMode",
  "localityLbSetting",
  "meshMTLS",
  "outboundClusterStatName",
  "pathNormalization",
  "proxyHttpPort",
  "proxyInboundListenPort",
  "proxyListenPort",
  "serviceScopeConfigs",
  "serviceSettings",
  "tcpKeepalive",
  "tlsDefaults",
  "trustDomainAliases",
  "verifyCertificateAtClient",
];

/** What to say when the mesh configuration is no longer there. */
export function goneMeshConfig(): Finding {
  const problem: SchemaProblem = {
    code: "PIL1012",
    path: jsonPath(),
    problem: "the mesh configuration is gone",
    reason: "The last one stays in force, but a control plane that starts finds none and takes Istio's defaults",
    fix: "Write it again, such as by helm upgrade",
  };
  return toFinding(problem, "error");
}

function unreadable(what: string): Finding {
  const [sentence = what] = what.split("\n");
  const problem: SchemaProblem = {
    code: "PIL1012",
    path: jsonPath(),
    problem: `the mesh configuration cannot be read: ${sentence.replace(/:$/, "")}`,
    reason: "The configuration that was read last stays in force",
    fix: "Write YAML with one setting a line, such as accessLogFile: /dev/stdout",
  };
  return toFinding(problem, "error");
}

function toFinding(problem: SchemaProblem, severity: Severity): Finding {
  const base = jsonPath("data", meshConfigMap.key);
  const object: ObjectRef = { kind: meshConfigMap.kind, namespace: meshConfigMap.namespace, name: meshConfigMap.name };
  return { ...problem, path: join(base, problem.path), severity, object, others: [] };
}

/** `path` below `base`; both are rendered already. */
function join(base: JsonPath, path: JsonPath): JsonPath {
  if (path === "") return base;
  return path.startsWith("[") ? (`${base}${path}` as JsonPath) : (`${base}.${path}` as JsonPath);
}
