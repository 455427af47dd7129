import { expect, test } from "vitest";
import { buildSnapshot } from "../../model/build.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { reviewBy } from "../review.ts";
import { tlsOddities } from "./tls-oddities.ts";

const found = (tls: string) => {
  const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: ["*"], tls: ${tls} }]`;
  const world = worldOf();
  return reviewBy([tlsOddities], objectOf(gateway), world, buildSnapshot(world)).map(
    ({ path, problem }) => `${path}: ${problem}`,
  );
};
const tls = "spec.servers[0].tls";

test.each([
  {
    name: "a suite that Envoy knows",
    given: "{ mode: SIMPLE, cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256] }",
    want: [],
  },
  {
    name: "suites that nobody knows",
    given: "{ mode: SIMPLE, cipherSuites: [ECDHE-RSA-AES128-GCM-SHA265, ROT13] }",
    want: [
      `${tls}.cipherSuites[0]: there is no suite "ECDHE-RSA-AES128-GCM-SHA265"`,
      `${tls}.cipherSuites[1]: there is no suite "ROT13"`,
    ],
  },
])("tlsOddities judges $name", ({ given, want }) => {
  expect(found(given)).toEqual(want);
});
