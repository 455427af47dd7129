import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { shop } from "../../model/testing/shop.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { connectTimes } from "./connect-times.ts";

const rule = (policy: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ratings, namespace: shop }
spec: { host: ratings, ${policy} }`;
const pool = (time: string) => `connectionPool: { tcp: { connectTimeout: ${time} } }`;
const found = (policy: string, timeout: string, destination = "host: ratings") => {
  const world = worldOf(...shop, rule(policy));
  const candidate = objectOf(`
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front, namespace: shop }
spec: { hosts: [www.example], http: [{ ${timeout} route: [{ destination: { ${destination} } }] }] }`);
  return reviewBy([connectTimes], candidate, world, buildSnapshot(world)).map(({ path }) => path);
};

test.each([
  {
    name: "a connection that takes longer",
    policy: `trafficPolicy: { ${pool("5s")} }`,
    timeout: "timeout: 2s,",
    want: ["spec.http[0].timeout"],
  },
  {
    name: "one of a port",
    policy: `trafficPolicy: { portLevelSettings: [{ port: { number: 9080 }, ${pool("5s")} }] }`,
    timeout: "timeout: 2s,",
    want: ["spec.http[0].timeout"],
  },
  {
    name: "one of another port",
    policy: `trafficPolicy: { portLevelSettings: [{ port: { number: 9081 }, ${pool("5s")} }] }`,
    timeout: "timeout: 2s,",
    want: [],
  },
  {
    name: "one of another subset",
    policy: `subsets: [{ name: v1, trafficPolicy: { ${pool("5s")} } }]`,
    timeout: "timeout: 2s,",
    want: [],
  },
  { name: "a shorter one", policy: `trafficPolicy: { ${pool("1s")} }`, timeout: "timeout: 2s,", want: [] },
  { name: "no time-out", policy: `trafficPolicy: { ${pool("5s")} }`, timeout: "", want: [] },
  { name: "the mesh's own, which nobody wrote for it", policy: "trafficPolicy: {}", timeout: "timeout: 2s,", want: [] },
])("connectTimes judges $name", ({ policy, timeout, want }) => {
  expect(found(policy, timeout)).toEqual(want);
});
