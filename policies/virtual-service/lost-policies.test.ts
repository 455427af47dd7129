import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { idle } from "../common/idle.ts";
import { reviewBy } from "../review.ts";

const service = `
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: shop }
spec: { clusterIP: 10.96.0.1, ports: [{ name: tcp, port: 9000 }] }`;
const rule = (policy: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo, namespace: shop }
spec: { host: echo, subsets: [{ name: v1 }, { name: v2, trafficPolicy: { ${policy} } }] }`;
const candidate = (route: string, gateways = "[mesh]") => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: echo, namespace: shop }
spec: { hosts: [echo], gateways: ${gateways}, tcp: [{ route: [${route}] }] }`;

const to = (subset: string, weight: number) => `{ destination: { host: echo, subset: ${subset} }, weight: ${weight} }`;
const both = `${to("v1", 50)}, ${to("v2", 50)}`;
const idleTimeout = "connectionPool: { tcp: { idleTimeout: 30s } }";
const connections = "connectionPool: { tcp: { maxConnections: 9 } }";

test.each([
  { name: "shares with one policy", policy: "", given: candidate(both), found: false },
  { name: "a later share with its own policy", policy: connections, given: candidate(both), found: true },
  {
    name: "such a share that takes nothing",
    policy: connections,
    given: candidate(`${to("v1", 100)}, ${to("v2", 0)}`),
    found: false,
  },
  { name: "such a share alone", policy: connections, given: candidate(to("v2", 100)), found: false },
  { name: "such a share at a gateway", policy: connections, given: candidate(both, "[edge]"), found: false },
  { name: "a lifetime at a gateway", policy: idleTimeout, given: candidate(both, "[edge]"), found: true },
])("lostPolicies() judges $name", ({ policy, given, found }) => {
  const world = worldOf(service, ...(policy === "" ? [] : [rule(policy)]));
  const findings = reviewBy([idle], objectOf(given), world, buildSnapshot(world));
  expect(findings.map(({ path }) => path)).toEqual(found ? ["spec.tcp[0].route[1].destination"] : []);
});
