import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { idle } from "../common/idle.ts";
import { reviewBy } from "../review.ts";

const service = (clusterIP: string, ports: string) => `
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: shop }
spec: { clusterIP: ${clusterIP}, ports: [${ports}] }`;
const rule = (policy: string) => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: echo, namespace: shop }
spec: { host: echo, trafficPolicy: { ${policy} } }`;

const tcp = "{ name: tcp, port: 9000 }";
const unnamed = "{ name: echo, port: 7000 }";
const http = "{ name: http, port: 80 }";
const idleTimeout = "connectionPool: { tcp: { idleTimeout: 30s } }";
const place = "spec.trafficPolicy.connectionPool.tcp";

test.each([
  { name: "a TCP port", ip: "10.96.0.1", ports: tcp, policy: idleTimeout, want: [] },
  {
    name: "a port without a protocol",
    ip: "10.96.0.1",
    ports: `${tcp}, ${unnamed}`,
    policy: "connectionPool: { tcp: { idleTimeout: 30s, maxConnectionDuration: 1h } }",
    want: [`${place}.idleTimeout`, `${place}.maxConnectionDuration`],
  },
  {
    name: "another port than that without a protocol",
    ip: "10.96.0.1",
    ports: `${tcp}, ${unnamed}`,
    policy: `portLevelSettings: [{ port: { number: 9000 }, ${idleTimeout} }]`,
    want: [],
  },
  { name: "a headless service", ip: "None", ports: tcp, policy: idleTimeout, want: [`${place}.idleTimeout`] },
  { name: "HTTP of a headless service", ip: "None", ports: http, policy: idleTimeout, want: [] },
  {
    name: "tls without a mode",
    ip: "10.96.0.1",
    ports: http,
    policy: "tls: { sni: a.example }",
    want: ["spec.trafficPolicy.tls"],
  },
  { name: "tls with a mode", ip: "10.96.0.1", ports: http, policy: "tls: { mode: DISABLE }", want: [] },
])("lostSettings() judges $name", ({ ip, ports, policy, want }) => {
  const world = worldOf(service(ip, ports));
  const findings = reviewBy([idle], objectOf(rule(policy)), world, buildSnapshot(world));
  expect(findings.map(({ path, code }) => `${code} ${path}`)).toEqual(want.map((path) => `PIL9101 ${path}`));
});
