import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { deprecated } from "../common/deprecated.ts";
import { telemetryProviders } from "../references/telemetry-providers.ts";
import { reviewBy } from "../review.ts";
import { logProviders } from "./telemetry.ts";

const mesh = (config: string) => `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${config}" }`;
const found = (spec: string, config = "") => {
  const world = worldOf(mesh(config));
  const telemetry = `{ apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: { name: a, namespace: shop }, spec: { ${spec} } }`;
  const rules = [logProviders, telemetryProviders, deprecated];
  return reviewBy(rules, objectOf(telemetry), world, buildSnapshot(world)).map(({ code, path }) => `${code} ${path}`);
};
const lightstep = "extensionProviders: [{ name: light, lightstep: { service: a.b, port: 80, accessToken: t } }]";

test.each([
  { spec: "accessLogging: [{ filter: { expression: a } }]", want: ["PIL1903 spec.accessLogging[0]"] },
  { spec: "accessLogging: [{}]", config: "defaultProviders: { accessLogging: [envoy] }", want: [] },
  { spec: "accessLogging: [{ disabled: true }]", want: [] },
  {
    spec: "accessLogging: [{ providers: [{ name: envoy }] }, { providers: [] }]",
    want: ["PIL1903 spec.accessLogging[1]"],
  },
  { spec: "metrics: [{}], tracing: [{}]", want: [] },
  { spec: "metrics: [{ providers: [{ name: prometheus }] }]", want: [] },
  { spec: "tracing: [{ providers: [{ name: jaeger }] }]", want: ["PIL2115 spec.tracing[0].providers[0].name"] },
  {
    spec: "tracing: [{ providers: [{ name: light }] }]",
    config: lightstep,
    want: ["PIL9102 spec.tracing[0].providers[0].name"],
  },
  {
    spec: "tracing: [{ providers: [{ name: light }] }]",
    config: "extensionProviders: [{ name: light, zipkin: { service: a.b, port: 80 } }]",
    want: [],
  },
])("review() says $want of $spec", ({ spec, config, want }) => {
  expect(found(spec, config)).toEqual(want);
});
