import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { typeUrls } from "../envoy/resource.ts";
import { clusterNamed, newSidecarMesh, putCluster, putHost } from "./testing/fixture-mesh.ts";
import { SimulatedProxy } from "./testing/simulated-proxy.ts";
import { short, words } from "./testing/words.ts";
import { computeWanted } from "./wanted.ts";

const { cluster, endpoints, virtualHost } = typeUrls;

describe("whatever the order of events", () => {
  const names = ["a", "b", "c"];
  const action = fc.oneof(
    { weight: 5, arbitrary: fc.constant({ do: "server" as const }) },
    { weight: 5, arbitrary: fc.constant({ do: "proxy" as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("ask" as const), host: fc.constantFrom(...names, "none") }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant("route" as const),
        host: fc.constantFrom(...names),
        to: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 2 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("cluster" as const),
        name: fc.constantFrom(...names),
        content: fc.constantFrom("1", "2"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("endpoints" as const),
        name: fc.constantFrom(...names),
        content: fc.constantFrom("1", "2"),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "reconnect" as const }) },
  );

  /** Play the actions; after each, what the proxy works with must be whole. */
  function play(actions: readonly (typeof action extends fc.Arbitrary<infer T> ? T : never)[]): SimulatedProxy {
    const mesh = newSidecarMesh();
    for (const name of names) putCluster(mesh, name);
    mesh.eager.push(clusterNamed("a"));
    const proxy = new SimulatedProxy(mesh);
    if (actions.length % 5 === 0) proxy.maximumTaken = 1;
    // Half of the stories begin with a proxy that started long ago.
    if (actions.length % 2 === 0) {
      proxy.settle();
      proxy.nowMs = 10_000;
    }
    let seen = proxy.sent.length;
    for (const step of actions) {
      switch (step.do) {
        case "server":
          proxy.serverReads();
          break;
        case "proxy":
          proxy.proxyReads();
          break;
        case "ask":
          proxy.ask(`80/${step.host}`);
          break;
        case "route":
          if (step.to.length === 0) mesh.remove(virtualHost, `80/${step.host}`);
          else putHost(mesh, `80/${step.host}`, ...step.to);
          proxy.serverSends();
          break;
        case "cluster":
          putCluster(mesh, step.name, step.content);
          proxy.serverSends();
          break;
        case "endpoints":
          mesh.put(endpoints, step.name, step.content);
          proxy.serverSends();
          break;
        case "reconnect":
          // For a while after it no cluster is taken away, so some stories do without.
          if (actions.length % 3 === 0) proxy.reconnect();
          break;
      }
      expectNeedsFirst(proxy, seen);
      seen = proxy.sent.length;
      expectWhole(proxy);
    }
    return proxy;
  }

  /** Nothing was sent before what it needs had been acknowledged (time stands still, so nothing has timed out). */
  function expectNeedsFirst(proxy: SimulatedProxy, from: number): void {
    for (const { message } of proxy.sent.slice(from)) {
      if (message.type !== virtualHost) continue;
      for (const need of message.resources.flatMap((item) => item.resource?.needs ?? [])) {
        const further = proxy.mesh.get(need.type, need.name)?.needs ?? [];
        for (const { type, name } of [need, ...further]) {
          const key = `${type} ${name}`;
          expect([key, proxy.acknowledged.get(key)]).toEqual([key, proxy.mesh.get(type, name)?.version]);
        }
      }
    }
  }

  /** No host names a cluster that the proxy does not have. */
  function expectWhole(proxy: SimulatedProxy): void {
    for (const [host, { clusters }] of proxy.held.get(virtualHost) ?? []) {
      for (const name of clusters) {
        expect(proxy.held.get(cluster)?.has(name), `${host} names ${name}`).toBe(true);
        expect(proxy.held.get(endpoints)?.has(name), `${host} has endpoints of ${name}`).toBe(true);
      }
    }
  }

  test("a resource follows its needs, and no host ever names a cluster that is not there", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => void play(actions)),
      { numRuns: 60 },
    );
  });

  test("in the end the proxy holds what is wanted, neither less nor more", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
        const proxy = play(actions);
        proxy.settle();
        expect(proxy.isWarming).toBe(false);
        const wanted = computeWanted(proxy.state, proxy.mesh.source);
        for (const [type, held] of proxy.held) {
          const have = [...held].map(([name, { version }]) => [name, version]).sort();
          const want = [...(wanted.get(type)?.values() ?? [])].map(({ name, version }) => [name, version]).sort();
          expect([short.get(type), have]).toEqual([short.get(type), want]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("a proxy that reconnects is sent nothing when nothing has changed", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80, size: "max" }), (actions) => {
        const proxy = play(actions);
        proxy.settle();
        const before = proxy.sent.length;
        proxy.reconnect();
        proxy.settle();
        expect(words(proxy, before)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });
});
