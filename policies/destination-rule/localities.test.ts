import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { loadBalancers } from "./load-balancers.ts";
import { undetectedFailover } from "./undetected-failover.ts";

const rule = (policy: string, subsets = "[]") => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: reviews, namespace: shop }
spec: { host: reviews, trafficPolicy: ${policy}, subsets: ${subsets} }`;
const found = (yaml: string) => {
  const world = worldOf();
  return reviewBy([loadBalancers, undetectedFailover], objectOf(yaml), world, buildSnapshot(world)).map(
    ({ code, path }) => `${code} ${path}`,
  );
};
const failover = "loadBalancer: { localityLbSetting: { failover: [{ from: eu, to: us }] } }";
const outliers = "outlierDetection: { consecutive5xxErrors: 3 }";
const place = "spec.trafficPolicy.loadBalancer.localityLbSetting";

test.each([
  { name: "failover with outlier detection", given: rule(`{ ${failover}, ${outliers} }`), want: [] },
  { name: "failover without it", given: rule(`{ ${failover} }`), want: [`PIL1311 ${place}`] },
  {
    name: "priorities without it",
    given: rule("{ loadBalancer: { localityLbSetting: { failoverPriority: [version] } } }"),
    want: [`PIL1311 ${place}`],
  },
  {
    name: "zones without it",
    given: rule("{ loadBalancer: { zoneAwareLbSetting: { failover: [{ from: eu, to: us }] } } }"),
    want: ["PIL1311 spec.trafficPolicy.loadBalancer.zoneAwareLbSetting"],
  },
  {
    name: "a subset that has it from its rule",
    given: rule(`{ ${outliers} }`, `[{ name: v1, trafficPolicy: { ${failover} } }]`),
    want: [],
  },
  {
    name: "a port, whose settings are its own",
    given: rule(`{ ${outliers}, portLevelSettings: [{ port: { number: 80 }, ${failover} }] }`),
    want: ["PIL1311 spec.trafficPolicy.portLevelSettings[0].loadBalancer.localityLbSetting"],
  },
  {
    name: "a locality without zone",
    given: rule("{ loadBalancer: { localityLbSetting: { distribute: [{ from: eu//a, to: { 'us/*': 100 } }] } } }"),
    want: [`PIL1307 ${place}.distribute`],
  },
  {
    name: "regions in both",
    given: rule(
      `{ ${outliers}, loadBalancer: { localityLbSetting: { failover: [{ from: eu, to: us }], failoverPriority: [topology.kubernetes.io/region] } } }`,
    ),
    want: [`PIL1307 ${place}.failoverPriority[0]`],
  },
])("review() judges $name", ({ given, want }) => {
  expect(found(given)).toEqual(want);
});
