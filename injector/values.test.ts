import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { defaultSettings, type InjectorSettings, injectorSettings } from "./settings.ts";
import { settingsFromValues } from "./values.ts";

describe("settingsFromValues()", () => {
  test.each<{ readonly values: string; readonly want: Partial<InjectorSettings> }>([
    { values: "pilot: {env: {ENABLE_NATIVE_SIDECARS: false}}", want: { nativeSidecars: false } },
    { values: 'pilot: {env: {ENABLE_NATIVE_SIDECARS: "false"}}', want: { nativeSidecars: false } },
    { values: "pilot: {env: {ENABLE_NATIVE_SIDECARS: auto}}", want: { nativeSidecars: "auto" } },
    { values: "revisionTags: [stable, default]", want: { tags: ["stable", "default"] } },
    { values: "values: {pilot: {env: {ENABLE_NATIVE_SIDECARS: false}}}", want: { nativeSidecars: false } },
    {
      values: "{kind: IstioOperator, spec: {values: {pilot: {env: {ENABLE_NATIVE_SIDECARS: false}}}}}",
      want: { nativeSidecars: false },
    },
    { values: "global: {proxy: {image: example.com/proxy:2}}", want: { proxyImage: "example.com/proxy:2" } },
    { values: "global: {proxy: {image: proxyv2}, hub: docker.io/istio, tag: 1.32.0}", want: {} },
    {
      values: "global: {proxy: {logLevel: debug, componentLogLevel: 'http:info'}}",
      want: { logLevel: "debug", componentLogLevel: "http:info" },
    },
    { values: "global: {imagePullPolicy: Always}", want: { imagePullPolicy: "Always" as const } },
    { values: "global: {imagePullSecrets: [a, {name: b}]}", want: { imagePullSecrets: ["a", "b"] } },
    {
      values: "global: {proxy: {resources: {limits: {cpu: null}, requests: {memory: 1Gi, ephemeral-storage: 2}}}}",
      want: {
        resources: { limits: { memory: "1Gi" }, requests: { cpu: "100m", memory: "1Gi", "ephemeral-storage": "2" } },
      },
    },
    {
      values: "global: {proxy: {includeIPRanges: 10.0.0.0/8, excludeInboundPorts: 81}}",
      want: {
        redirect: { ...defaultSettings.redirect, includeOutboundIPRanges: "10.0.0.0/8", excludeInboundPorts: "81" },
      },
    },
    {
      values: "global: {proxy: {readinessPeriodSeconds: 200}}",
      want: { readiness: { ...defaultSettings.readiness, periodSeconds: 200 } },
    },
    { values: "global: {proxy: {autoInject: disabled}}", want: { policy: "disabled" as const } },
    {
      values: "global: {multiCluster: {clusterName: west}, network: vpc}",
      want: { clusterId: "west", network: "vpc" },
    },
    { values: "{revision: blue}", want: { revision: "blue" } },
    { values: '{revision: "", global: {multiCluster: {clusterName: ""}}}', want: {} },
    { values: "sidecarInjectorWebhook: {rewriteAppHTTPProbe: false}", want: { rewriteProbes: false } },
    {
      values:
        "sidecarInjectorWebhook: {neverInjectSelector: [{matchExpressions: [{key: job-name, operator: Exists}]}]}",
      want: {
        neverInjectSelector: [
          { matchLabels: {}, matchExpressions: [{ key: "job-name", operator: "Exists" as const, values: [] }] },
        ],
      },
    },
    { values: "{}", want: {} },
    { values: "gateways: {anything: [1, 2]}", want: {} },
    { values: "{pilot: {cni: {enabled: false}}, istio_cni: {enabled: false}}", want: {} },
  ])("reads $values", ({ values, want }) => {
    const { changes, problems } = settingsFromValues(parse(values));
    expect(problems).toEqual([]);
    expect(injectorSettings(changes)).toEqual(injectorSettings(want));
  });

  test("says everything that it cannot read", () => {
    const { problems } = settingsFromValues(
      parse(
        "global: {imagePullPolicy: Sometimes, proxy: {logLevel: loud, excludeInboundPorts: [80], resources: {limits: {cpu: many}}}}",
      ),
    );
    expect(problems.map((problem) => problem.split(" is ")[0]).toSorted()).toEqual([
      "global.imagePullPolicy",
      "global.proxy.excludeInboundPorts",
      "global.proxy.logLevel",
      "global.proxy.resources.limits.cpu",
    ]);
  });

  test.each([
    { values: "pilot: {cni: {enabled: true}}", path: "pilot.cni.enabled" },
    { values: "istio_cni: {enabled: true}", path: "istio_cni.enabled" },
    { values: "values: {cni: {enabled: true}}", path: "cni.enabled" },
    {
      values: "{kind: IstioOperator, spec: {components: {cni: {enabled: true}}}}",
      path: "spec.components.cni.enabled",
    },
  ])("refuses a CNI plugin: $values", ({ values, path }) => {
    const { problems } = settingsFromValues(parse(values));
    expect(problems).toEqual([expect.stringMatching(`^${path} is true; it must be false: Pillion has no CNI plugin`)]);
  });
});
