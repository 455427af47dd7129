// Witnesses are true: the request that a conflict names is for both rules, and the object that is said to win answers it.
// Each is replayed against a live Envoy, with both orders of the objects.
import { request } from "node:http";
import { create, fromBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { HttpMatch } from "../../api/http-route.ts";
import type { WitnessRequest } from "../../base/finding.ts";
import { encode } from "../../envoy/encode.ts";
import { VirtualHostSchema } from "../../envoy/proto/envoy/config/route/v3/route_components_pb.ts";
import { type RouteConfiguration, RouteConfigurationSchema } from "../../envoy/proto/envoy/config/route/v3/route_pb.ts";
import { type ProxyNode, typeUrls } from "../../envoy/resource.ts";
import { shop } from "../../envoy/testing/golden.ts";
import { translator } from "../../envoy/translate.ts";
import { buildSnapshot } from "../../model/build.ts";
import { isCatchAll } from "../../model/gateways.ts";
import { objectOf, worldOf } from "../../model/testing/world-of.ts";
import { review } from "../../policies/review.ts";
import { type Judge, startJudge } from "./judge.ts";
import { until } from "./live-envoy.ts";

let judge: Judge;
beforeAll(async () => {
  judge = await startJudge();
});
afterAll(async () => judge?.stop());

const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]`;
const ingress: ProxyNode = { type: "gateway", namespace: "istio-system", pod: "ingress-1", address: "10.244.2.1" };

const sidecar: ProxyNode = { type: "sidecar", namespace: "shop", pod: "web-1", address: "10.244.1.1" };

/** A VirtualService whose rules answer with these statuses. */
function virtualService(
  name: string,
  day: number,
  rules: readonly { readonly match: HttpMatch; readonly status: number }[],
  more: object = {},
) {
  return stringify({
    apiVersion: "networking.istio.io/v1",
    kind: "VirtualService",
    metadata: { name, namespace: "shop", creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: {
      hosts: ["www.example.com"],
      gateways: ["edge"],
      http: rules.map(({ match, status }) => ({ match: [match], directResponse: { status } })),
      ...more,
    },
  });
}

/** What the gateway answers to a request when these objects are stored. */
function answer(witness: WitnessRequest, ...objects: readonly string[]): Promise<number> {
  const snapshot = buildSnapshot(worldOf(shop(), gateway, ...objects));
  const routes = translator.resource(snapshot, ingress, typeUrls.route, "http.8080");
  if (routes === undefined) throw new Error("the gateway has no routes");
  return answerOf(fromBinary(RouteConfigurationSchema, routes.bytes), witness);
}

/** The same for the sidecar of a pod. */
function sidecarAnswer(witness: WitnessRequest, ...objects: readonly string[]): Promise<number> {
  const snapshot = buildSnapshot(worldOf(shop(), ...objects));
  const [, port = "80"] = witness.authority.split(":");
  const name = translator.virtualHostName(snapshot, sidecar, `${port}/${witness.authority}`);
  const host = translator.resource(snapshot, sidecar, typeUrls.virtualHost, name);
  const virtualHosts = host === undefined ? [] : [fromBinary(VirtualHostSchema, host.bytes)];
  return answerOf(create(RouteConfigurationSchema, { virtualHosts }), witness);
}

let version = 0;

async function answerOf(message: RouteConfiguration, witness: WitnessRequest): Promise<number> {
  version += 1;
  // Workers hear of new routes a moment after Envoy's consent: a host of its own tells which are in force.
  const body = { specifier: { case: "inlineString" as const, value: String(version) } };
  message.virtualHosts.push(
    create(VirtualHostSchema, {
      name: "version",
      domains: ["version"],
      routes: [
        {
          match: { pathSpecifier: { case: "prefix", value: "/" } },
          action: { case: "directResponse", value: { status: 200, body } },
        },
      ],
    }),
  );
  const encoded = encode(typeUrls.route, "http.8080", RouteConfigurationSchema, { message });
  expect(await judge.verdict(encoded)).toBeUndefined();
  const asked = { method: "GET", authority: "version", path: "/", headers: {} };
  await until("the routes are in force", async () => (await ask(asked)).body === String(version) || undefined);
  return (await ask(witness)).status;
}

function ask({ method, authority, path, headers }: WitnessRequest): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port: judge.port, method, path, headers: { ...headers, host: authority } };
    const asked = request(options, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

const text = fc.oneof(
  fc.constantFrom("a", "ab", "b", "a-b").map((exact) => ({ exact })),
  fc.constantFrom("a", "b").map((prefix) => ({ prefix })),
  fc.constantFrom("a.*", "[ab]+", "a?b", "(a|b)-.", "b{2,3}", "[^a]+").map((regex) => ({ regex })),
);
const uri = fc.oneof(
  fc.constantFrom("/", "/a", "/a/b", "/A").map((exact) => ({ exact })),
  fc.constantFrom("/a", "/a/", "/b", "/a/b").map((prefix) => ({ prefix })),
  fc.constantFrom("/.*", "/a.*", "/[ab]/.*", "/a/[0-9]+", ".*b", "/(a|b)/?").map((regex) => ({ regex })),
);
const fields = (name: string) => fc.dictionary(fc.constantFrom(`${name}1`, `${name}2`), text, { maxKeys: 2 });
const match: fc.Arbitrary<HttpMatch> = fc.record(
  {
    uri,
    method: fc.constantFrom({ exact: "GET" }, { exact: "POST" }, { regex: "P.*" }),
    headers: fc.oneof(fields("x-h"), fc.constant({ "x-h1": {} })),
    withoutHeaders: fc.oneof(fields("x-h"), fc.constant({ "x-h2": {} })),
    queryParams: fields("q"),
    ignoreUriCase: fc.boolean(),
  },
  { requiredKeys: [] },
);

const runs = { numRuns: 60, seed: 1 };

test("review() names a request that both objects are for, and that the older one answers", async () => {
  let replayed = 0;
  const property = fc.asyncProperty(match, match, async (first, second) => {
    for (const [older, younger] of [
      [first, second],
      [second, first],
    ] as const) {
      const stored = virtualService("stored", 1, [{ match: older, status: 201 }]);
      const candidate = virtualService("candidate", 2, [{ match: younger, status: 202 }]);
      const world = worldOf(shop(), gateway, stored);
      const findings = review(objectOf(candidate), world, buildSnapshot(world));
      for (const { code, witness } of findings) {
        if ((code !== "PIL3101" && code !== "PIL3102") || witness === undefined) continue;
        replayed += 1;
        expect(await answer(witness, stored), "the older object is for it").toBe(201);
        expect(await answer(witness, candidate), "the younger object is for it").toBe(202);
        expect(await answer(witness, stored, candidate), "the older one wins").toBe(201);
        // What matches everything stays behind rules that do not, however old it is.
        if (isCatchAll(younger) && !isCatchAll(older)) continue;
        const turned = candidate.replace("2026-01-02", "2025-12-31");
        expect(await answer(witness, stored, turned), "it would lose to an older one").toBe(202);
      }
    }
  });
  await fc.assert(property, runs);
  expect(replayed).toBeGreaterThan(20);
});

test("review() names a request that an unreachable rule and the earlier one are for", async () => {
  let replayed = 0;
  const property = fc.asyncProperty(match, match, async (first, second) => {
    const rules = [
      { match: first, status: 201 },
      { match: second, status: 202 },
    ];
    const world = worldOf(shop(), gateway);
    const findings = review(objectOf(virtualService("one", 1, rules)), world, buildSnapshot(world));
    for (const { code, witness } of findings) {
      if (code !== "PIL3104" || witness === undefined) continue;
      replayed += 1;
      expect(await answer(witness, virtualService("one", 1, rules))).toBe(201);
      expect(await answer(witness, virtualService("one", 1, rules.slice(1)))).toBe(202);
    }
  });
  await fc.assert(property, { ...runs, numRuns: 200 });
  expect(replayed).toBeGreaterThan(3);
});

test("review() names a request that a narrower host takes from a wildcard", async () => {
  let replayed = 0;
  const hosts = fc.constantFrom(["*.example.com"], ["*"], ["*.com"]);
  const narrow = fc.constantFrom(["www.example.com"], ["*.www.example.com"], ["a.example.com", "b.example.com"]);
  const property = fc.asyncProperty(match, match, hosts, narrow, async (first, second, wide, own) => {
    const stored = virtualService("stored", 1, [{ match: first, status: 201 }], { hosts: own });
    const candidate = virtualService("candidate", 2, [{ match: second, status: 202 }], { hosts: wide });
    const world = worldOf(shop(), gateway, stored);
    const findings = review(objectOf(candidate), world, buildSnapshot(world));
    for (const { code, witness } of findings) {
      if (code !== "PIL3103" || witness === undefined) continue;
      replayed += 1;
      expect(await answer(witness, candidate), "the wildcard is for it").toBe(202);
      expect(await answer(witness, stored, candidate), "the narrower host takes it").not.toBe(202);
      const turned = candidate.replace("2026-01-02", "2025-12-31");
      expect(await answer(witness, stored, turned), "also from an older object").not.toBe(202);
    }
  });
  await fc.assert(property, { ...runs, numRuns: 30 });
  expect(replayed).toBeGreaterThan(15);
});

test("review() names a request that a sidecar answers by the older of two objects", async () => {
  let replayed = 0;
  const hosts = fc.constantFrom(["web"], ["reviews"], ["web.shop.svc.cluster.local"], ["*.shop.svc.cluster.local"]);
  const exportTo = fc.constantFrom(undefined, ["."], ["*"], ["shop", "web"], ["shop", "other"]);
  const property = fc.asyncProperty(
    match,
    match,
    hosts,
    hosts,
    exportTo,
    exportTo,
    async (first, second, a, b, left, right) => {
      const more = { gateways: ["mesh"] };
      const stored = virtualService("stored", 1, [{ match: first, status: 201 }], {
        ...more,
        hosts: a,
        exportTo: left,
      });
      const candidate = virtualService("candidate", 2, [{ match: second, status: 202 }], {
        ...more,
        hosts: b,
        exportTo: right,
      });
      const world = worldOf(shop(), stored);
      const findings = review(objectOf(candidate), world, buildSnapshot(world));
      for (const { code, witness } of findings) {
        if (code !== "PIL3001" || witness === undefined) continue;
        replayed += 1;
        const before = await sidecarAnswer(witness, stored);
        expect(await sidecarAnswer(witness, candidate), "the younger object is for it").toBe(202);
        expect(await sidecarAnswer(witness, stored, candidate), "the older one decides").toBe(before);
        expect(before, "without the younger").not.toBe(202);
        const turned = candidate.replace("2026-01-02", "2025-12-31");
        expect(await sidecarAnswer(witness, stored, turned), "it would lose to an older one").toBe(202);
      }
    },
  );
  await fc.assert(property, { ...runs, numRuns: 150 });
  expect(replayed).toBeGreaterThan(10);
});
