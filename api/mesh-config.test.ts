import { describe, expect, test } from "vitest";
import { defaultMeshConfig, parseMeshConfig } from "./mesh-config.ts";

describe("parseMeshConfig()", () => {
  test.each(["", "{}", "# nothing\n", "trustDomain: null\n"])("gives the defaults for %j", (given) => {
    expect(parseMeshConfig(given)).toEqual({ config: defaultMeshConfig, findings: [] });
  });

  test("lays settings over the defaults, and keeps what it does not read", () => {
    const { config, findings } = parseMeshConfig(`
accessLogFile: /dev/stdout
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
defaultServiceExportTo: ["."]
defaultConfig:
  proxyMetadata: {A: b}
  image: {imageType: distroless}
discoverySelectors: []
pillion: {findings: {PIL2103: deny}}
`);
    expect(findings).toEqual([]);
    expect(config).toEqual({
      ...defaultMeshConfig,
      accessLogFile: "/dev/stdout",
      outboundTrafficPolicy: { mode: "REGISTRY_ONLY" },
      defaultServiceExportTo: ["."],
      defaultConfig: {
        ...defaultMeshConfig.defaultConfig,
        proxyMetadata: { A: "b" },
        image: { imageType: "distroless" },
      },
      discoverySelectors: [],
      pillion: { findings: { PIL2103: "deny" }, serviceCidrs: [], clusterDomain: "cluster.local" },
    });
  });

  test.each([
    { given: "a: [", want: "error PIL1012 data.mesh" },
    { given: "- a", want: "error PIL1012 data.mesh" },
    { given: "outboundTrafficPolicy: {mode: NONE}", want: "error PIL1003 data.mesh.outboundTrafficPolicy.mode" },
    { given: "connectTimeout: 10", want: "error PIL1002 data.mesh.connectTimeout" },
    { given: "connectTimeout: ten", want: "error PIL1006 data.mesh.connectTimeout" },
    { given: "defaultConfig: {proxyMetadata: {A: 1}}", want: "error PIL1002 data.mesh.defaultConfig.proxyMetadata.A" },
    {
      given: "defaultConfig: {interceptionMode: ALL}",
      want: "error PIL1003 data.mesh.defaultConfig.interceptionMode",
    },
    {
      given: "defaultConfig: {proxyStatsMatcher: {inclusionPrefixes: a}}",
      want: "error PIL1002 data.mesh.defaultConfig.proxyStatsMatcher.inclusionPrefixes",
    },
    {
      given: "outboundTrafficPolicy: {moed: REGISTRY_ONLY}",
      want: "warning PIL1013 data.mesh.outboundTrafficPolicy.moed",
    },
    { given: "pillion: {findings: {PIL2103: refuse}}", want: "error PIL1003 data.mesh.pillion.findings.PIL2103" },
    { given: "trustDomain: a/b", want: "error PIL1015 data.mesh.trustDomain" },
    { given: "trustDomainAliases: [a.b, a.$b]", want: "error PIL1015 data.mesh.trustDomainAliases[1]" },
    {
      given: "defaultConfig: {discoveryAddress: istiod}",
      want: "error PIL1015 data.mesh.defaultConfig.discoveryAddress",
    },
    {
      given: "defaultConfig: {tracing: {zipkin: {}}}",
      want: "error PIL1015 data.mesh.defaultConfig.tracing.zipkin.address",
    },
    {
      given: "extensionProviders: [{name: a, prometheus: {}}, {name: a, prometheus: {}}]",
      want: "error PIL1015 data.mesh.extensionProviders[1].name",
    },
    { given: "extensionProviders: [{name: a}]", want: "error PIL1015 data.mesh.extensionProviders[0]" },
    {
      given: "extensionProviders: [{name: a, zipkn: {}}]",
      want: "error PIL1015 data.mesh.extensionProviders[0].zipkn",
    },
    {
      given: "extensionProviders: [{name: a, envoyExtAuthzHttp: {service: opa.shop, port: 80, pathPrefix: check}}]",
      want: "error PIL1015 data.mesh.extensionProviders[0].envoyExtAuthzHttp.pathPrefix",
    },
    ...[
      ["defaultConfig: {drainDuration: 1.5s}", "defaultConfig.drainDuration"],
      ['defaultConfig: {configPath: ""}', "defaultConfig.configPath"],
      ["defaultConfig: {controlPlaneAuthPolicy: FOO}", "defaultConfig.controlPlaneAuthPolicy"],
      ["defaultConfig: {privateKeyProvider: {}}", "defaultConfig.privateKeyProvider"],
      [
        "defaultConfig: {connectionSettings: {httpIdleTimeout: -1s}}",
        "defaultConfig.connectionSettings.httpIdleTimeout",
      ],
      [
        "defaultConfig: {connectionSettings: {listenerConnectionLimit: 0}}",
        "defaultConfig.connectionSettings.listenerConnectionLimit",
      ],
      ["accessLogFormat: '%REQ(x)% %NOT_A_THING%'", "accessLogFormat"],
      ["accessLogFormat: '100%'", "accessLogFormat"],
      ["accessLogFormat: '%REQ_WITHOUT_QUERY%'", "accessLogFormat"],
      [`{accessLogEncoding: JSON, accessLogFormat: '{"a": {"b": ["%REQ%"]}}'}`, "accessLogFormat"],
      ["pillion: {serviceCidrs: [10.96.0.0/12, 10.96.0.0]}", "pillion.serviceCidrs[1]"],
      ["pillion: {serviceCidrs: ['fe80::%eth0/64']}", "pillion.serviceCidrs[0]"],
      ["pillion: {clusterDomain: 'a b'}", "pillion.clusterDomain"],
      [`pillion: {clusterDomain: ${"a".repeat(64)}.local}`, "pillion.clusterDomain"],
      [`pillion: {clusterDomain: ${"abcdefg.".repeat(16)}local}`, "pillion.clusterDomain"],
      ["meshMTLS: {ecdhCurves: [P-256]}", "meshMTLS.ecdhCurves"],
      ["defaultHttpRetryPolicy: {attempts: 1, retryOn: sometimes}", "defaultHttpRetryPolicy.retryOn"],
      ["defaultHttpRetryPolicy: {attempts: 0, retryOn: 5xx}", "defaultHttpRetryPolicy"],
      [
        "defaultTrafficPolicy: {connectionPool: {http: {useClientProtocol: true, h2UpgradePolicy: UPGRADE}}}",
        "defaultTrafficPolicy.connectionPool.http",
      ],
      [
        "defaultTrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1}}",
        "defaultTrafficPolicy.outlierDetection",
      ],
      [
        'extensionProviders: [{name: a, envoyExtAuthzHttp: {service: opa.shop, port: 80, statusOnError: "999"}}]',
        "extensionProviders[0].envoyExtAuthzHttp.statusOnError",
      ],
      [
        "extensionProviders: [{name: a, lightstep: {service: a.b, port: 80}}]",
        "extensionProviders[0].lightstep.accessToken",
      ],
    ].map(([given = "", path = ""]) => ({ given, want: `error PIL1015 data.mesh.${path}` })),
    ...[
      ["tlsDefaults: {ecdhCurves: [P-256, P-265]}", "tlsDefaults.ecdhCurves[1]"],
      ["tlsDefaults: {ecdhCurves: [P-256, P-256]}", "tlsDefaults.ecdhCurves[1]"],
      [
        "defaultInboundHttpRetryPolicy: {attempts: 1, retryRemoteLocalities: true}",
        "defaultInboundHttpRetryPolicy.retryRemoteLocalities",
      ],
    ].map(([given = "", path = ""]) => ({ given, want: `warning PIL1016 data.mesh.${path}` })),
    { given: "accessLogFiles: /dev/stdout", want: "warning PIL1013 data.mesh.accessLogFiles" },
    {
      given: "defaultConfig: {holdApplicationUntilProxyStart: true}",
      want: "warning PIL1013 data.mesh.defaultConfig.holdApplicationUntilProxyStart",
    },
  ])("says $want for $given", ({ given, want }) => {
    const { findings } = parseMeshConfig(given);
    expect(findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`)).toEqual([want]);
  });

  test.each([
    "defaultConfig: {drainDuration: 2s, connectionSettings: {httpIdleTimeout: 0s, httpMaxConcurrentStreams: 1}}",
    "defaultHttpRetryPolicy: {attempts: 0}",
    `accessLogFormat: "[%START_TIME%] 100%% %REQ(X-A?:PATH):5%\\n"`,
    `accessLogFormat: "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):10%\\n"`,
    `{accessLogEncoding: JSON, accessLogFormat: '{"a": "%DURATION%", "b": {"100%": 1}}'}`,
    "{accessLogEncoding: JSON, accessLogFormat: 'no JSON: the default fields are written'}",
    "pillion: {serviceCidrs: [10.96.0.0/12, 'fd00::/108'], clusterDomain: corp.example}",
    "defaultHttpRetryPolicy: {attempts: 2, retryOn: 'connect-failure,503', perTryTimeout: 1s}",
    "defaultTrafficPolicy: {outlierDetection: {consecutiveLocalOriginFailures: 1, splitExternalLocalOriginErrors: true}}",
    'extensionProviders: [{name: a, envoyExtAuthzHttp: {service: opa.shop, port: 80, pathPrefix: /a%20b, statusOnError: "503"}}]',
    "tlsDefaults: {ecdhCurves: [X25519, P-256]}",
  ])("says nothing of %s", (given) => {
    expect(parseMeshConfig(given).findings).toEqual([]);
  });

  test("gives the defaults where there is an error", () => {
    expect(parseMeshConfig("trustDomain: x\nconnectTimeout: 1").config).toBe(defaultMeshConfig);
  });
});
