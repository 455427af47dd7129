import { expect, test } from "vitest";
import { parse } from "yaml";
import type { TrafficPolicy } from "../api/traffic-policy.ts";
import { jsonPath } from "../base/json-path.ts";
import { mergePolicies, policyDifferences } from "./merge-policies.ts";

const policy = (text: string) => parse(text) as TrafficPolicy; // Written below.

const cases = [
  {
    name: "fields of both",
    older: "{ connectionPool: { tcp: { maxConnections: 1 } } }",
    younger: "{ connectionPool: { tcp: { connectTimeout: 1s }, http: { maxRetries: 2 } }, tls: { mode: SIMPLE } }",
    want: "{ connectionPool: { tcp: { maxConnections: 1, connectTimeout: 1s }, http: { maxRetries: 2 } }, tls: { mode: SIMPLE } }",
    differ: [],
  },
  {
    name: "the older one's word",
    older: "{ connectionPool: { tcp: { maxConnections: 1 } } }",
    younger: "{ connectionPool: { tcp: { maxConnections: 2 } } }",
    want: "{ connectionPool: { tcp: { maxConnections: 1 } } }",
    differ: ["spec.connectionPool.tcp.maxConnections"],
  },
  {
    name: "a load balancer as a whole",
    older: "{ loadBalancer: { simple: RANDOM } }",
    younger: "{ loadBalancer: { consistentHash: { useSourceIp: true } } }",
    want: "{ loadBalancer: { simple: RANDOM } }",
    differ: ["spec.loadBalancer"],
  },
  {
    name: "ports one by one",
    older: "{ portLevelSettings: [{ port: { number: 1 }, tls: { mode: DISABLE } }] }",
    younger:
      "{ portLevelSettings: [{ port: { number: 2 } }, { port: { number: 1 }, tls: { mode: SIMPLE }, outlierDetection: {} }] }",
    want: "{ portLevelSettings: [{ port: { number: 1 }, tls: { mode: DISABLE }, outlierDetection: {} }, { port: { number: 2 } }] }",
    differ: ["spec.portLevelSettings[1].tls"],
  },
];

test.each(cases)("mergePolicies() gives $name", ({ older, younger, want }) => {
  expect(mergePolicies(policy(older), policy(younger))).toEqual(policy(want));
});

test.each(cases)("policyDifferences() finds $differ ($name)", ({ older, younger, differ }) => {
  expect(policyDifferences(policy(younger), policy(older), jsonPath("spec"))).toEqual(differ);
});
