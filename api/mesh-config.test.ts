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
    { given: "accessLogFiles: /dev/stdout", want: "warning PIL1013 data.mesh.accessLogFiles" },
    {
      given: "defaultConfig: {holdApplicationUntilProxyStart: true}",
      want: "warning PIL1013 data.mesh.defaultConfig.holdApplicationUntilProxyStart",
    },
  ])("says $want for $given", ({ given, want }) => {
    const { findings } = parseMeshConfig(given);
    expect(findings.map(({ severity, code, path }) => `${severity} ${code} ${path}`)).toEqual([want]);
  });

  test("gives the defaults where there is an error", () => {
    expect(parseMeshConfig("trustDomain: x\nconnectTimeout: 1").config).toBe(defaultMeshConfig);
  });
});
