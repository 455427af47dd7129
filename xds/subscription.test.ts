import { expect, test } from "vitest";
import { typeUrls } from "../envoy/resource.ts";
import { type DeltaRequest, noFacts } from "./delta-request.ts";
import { LearnedHosts, maximumLearnedNames } from "./learned.ts";
import { newProxyState, ofType } from "./proxy-state.ts";
import { dueMessages } from "./schedule.ts";
import { applyRequest, maximumAskedNames } from "./subscription.ts";
import { newSidecarMesh } from "./testing/fixture-mesh.ts";
import { computeWanted } from "./wanted.ts";

const type = typeUrls.virtualHost;
const request = (parts: Partial<DeltaRequest>): DeltaRequest => ({
  nodeId: "",
  facts: noFacts,
  type,
  subscribe: [],
  unsubscribe: [],
  initialVersions: new Map(),
  nonce: "",
  refusal: undefined,
  ...parts,
});

test("applyRequest() answers questions above the limit, and remembers none of them", () => {
  const mesh = newSidecarMesh();
  const state = newProxyState({ virtualHosts: [], clusters: [] }, 0);
  const flood = Array.from({ length: maximumAskedNames + 5 }, (_, i) => `80/host-${i}`);
  applyRequest(state, type, request({}));
  applyRequest(state, type, request({ subscribe: flood }));
  const messages = [...dueMessages(state, computeWanted(state, mesh.source), 0)];
  expect(new Set(messages.flatMap(({ resources }) => resources.map(({ name }) => name)))).toEqual(new Set(flood));
  for (const { nonce } of messages) applyRequest(state, type, request({ nonce }));
  expect([ofType(state, type).asked.size, ofType(state, type).entries.size]).toEqual([
    maximumAskedNames,
    maximumAskedNames,
  ]);
});

test("applyRequest() takes in at once whatever fits into one request", () => {
  const state = newProxyState({ virtualHosts: [], clusters: [] }, 0);
  const subscribe = Array.from({ length: 150_000 }, (_, i) => `80/h${i}`);
  expect(applyRequest(state, type, request({ subscribe })).refused).toEqual([]);
});

test("applyRequest() does not take * for a host, and ignores verdicts on what it never sent", () => {
  const state = newProxyState({ virtualHosts: [], clusters: [] }, 0);
  const verdict = applyRequest(state, type, request({ subscribe: ["*"], nonce: "17", refusal: "no" }));
  expect(verdict.reason).toBeUndefined();
  expect(ofType(state, type).asked.size).toBe(0);
});

test("applyRequest() forgets the hosts of a route configuration that the proxy gave up", () => {
  const state = newProxyState({ virtualHosts: [], clusters: [] }, 0);
  applyRequest(
    state,
    type,
    request({ subscribe: ["80/web", "8080/web"], initialVersions: new Map([["80/web", "1"]]) }),
  );
  applyRequest(state, typeUrls.route, request({ unsubscribe: ["80"] }));
  expect([...ofType(state, type).asked]).toEqual(["8080/web"]);
  expect([...ofType(state, type).entries.keys()]).toEqual([]);
});

test("LearnedHosts remembers by workload, up to its limit", () => {
  const learned = new LearnedHosts();
  learned.remember("shop/Deployment/web", "virtualHosts", ["80/a"]);
  learned.remember("shop/Deployment/web", "clusters", ["tcp|10.0.0.1:90"]);
  expect(learned.of("shop/Deployment/web")).toEqual({
    virtualHosts: new Set(["80/a"]),
    clusters: new Set(["tcp|10.0.0.1:90"]),
    full: false,
  });
  expect(learned.of("shop/Deployment/other").virtualHosts.size).toBe(0);
  const many = Array.from({ length: maximumLearnedNames + 10 }, (_, i) => `80/${i}`);
  learned.remember("shop/Deployment/web", "virtualHosts", many);
  const full = learned.of("shop/Deployment/web");
  expect([full.virtualHosts.size + full.clusters.size, full.full]).toEqual([maximumLearnedNames, true]);
});
