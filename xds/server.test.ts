// The server over real gRPC on the loopback interface, with proxies that are written by hand.
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Client, type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { PillionError } from "../base/error.ts";
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from "../envoy/proto/envoy/service/discovery/v3/discovery_pb.ts";
import { typeUrls } from "../envoy/resource.ts";
import { newXdsMetrics } from "./metrics.ts";
import { startXdsServer, type XdsServerOptions } from "./server.ts";
import { maximumStrangers } from "./strangers.ts";
import { clusterNamed, newFixtureMesh, proxy } from "./testing/fixture-mesh.ts";

const cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** A server with everything that it holds on to counted. */
async function started(changes: Partial<XdsServerOptions> = {}) {
  const mesh = newFixtureMesh();
  const listeners = new Set<unknown>();
  const timers = new Set<unknown>();
  const failures: object[] = [];
  const registry = new Registry();
  const subscribe = (listener: unknown) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const noLog = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  const server = await startXdsServer(
    {
      translator: mesh.translator,
      snapshots: { current: () => mesh.snapshot, subscribe },
      secrets: { get: () => undefined, subscribe },
      authenticate: ({ nodeId }) => Promise.resolve({ ok: true, proxy, identity: nodeId, workload: nodeId }),
      metrics: newXdsMetrics(registry),
      log: { ...noLog, error: (fields: object) => void failures.push(fields) },
      now: () => performance.now(),
      setTimer: (ms, run) => {
        const timer = setTimeout(run, ms);
        timers.add(timer);
        return () => {
          clearTimeout(timer);
          timers.delete(timer);
        };
      },
      plaintext: { host: "127.0.0.1", port: 0 },
      ...changes,
    },
    new AbortController().signal,
  );
  cleanUp.push(() => server.close());
  const publish = (): void => {
    for (const listener of listeners) if (typeof listener === "function") listener();
  };
  return { mesh, server, listeners, timers, failures, registry, publish, port: server.plaintextPort ?? 0 };
}

type Request = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;

/** A proxy: what it is sent is kept, and how its stream ended. */
function connect(port: number, options: { readonly reads?: boolean; readonly isSilent?: boolean } = {}) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  cleanUp.push(() => client.close());
  const call: ClientDuplexStream<Request, DeltaDiscoveryResponse> = client.makeBidiStreamRequest(
    "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
    (request: Request) =>
      Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
    (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
  );
  const got: DeltaDiscoveryResponse[] = [];
  const end: { code?: status; details?: string } = {};
  const read = (): void => void call.on("data", (response: DeltaDiscoveryResponse) => void got.push(response));
  if (options.reads !== false) read();
  call.on("error", () => undefined);
  call.on("status", ({ code, details }) => void Object.assign(end, { code, details }));
  const ask = (request: Request): void => void call.write({ typeUrl: typeUrls.cluster, ...request });
  if (options.isSilent !== true) ask({ node: { id: "web" } });
  return { call, got, end, ask, read };
}

/** A way to a port that counts the bytes that go there. */
async function countedWire(port: number) {
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = createConnection({ host: "127.0.0.1", port });
    client.on("data", (chunk) => {
      bytes += chunk.length;
    });
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on("error", () => undefined);
      cleanUp.push(() => void socket.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  /** Resolves when nothing has come for a while: that nothing more comes has no other sign. */
  const isQuiet = async (): Promise<void> => {
    for (let seen = -1; seen !== bytes; ) {
      seen = bytes;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  return { port: address.port, received: () => bytes, isQuiet };
}

const namesOf = (response: DeltaDiscoveryResponse | undefined): string[] =>
  (response?.resources ?? []).map(({ name }) => name);

describe("startXdsServer()", () => {
  test("sends what a proxy should hold, and what changes", async () => {
    const { mesh, port, publish } = await started();
    mesh.put(typeUrls.cluster, "own", "1");
    mesh.eager.push(clusterNamed("own"));
    const { got, ask } = connect(port);
    await vi.waitFor(() => expect(got.map(namesOf)).toEqual([["own"]]));
    ask({ responseNonce: got[0]?.nonce ?? "" });
    mesh.put(typeUrls.cluster, "own", "2");
    publish();
    await vi.waitFor(() => expect(got.map(namesOf)).toEqual([["own"], ["own"]]));
    expect(Buffer.from(got[1]?.resources[0]?.resource?.value ?? []).toString()).toBe("own 2");
  });

  test("turns a proxy away with the authenticator's code and reason", async () => {
    const { port, server } = await started({
      authenticate: () => Promise.resolve({ ok: false, code: status.UNAUTHENTICATED, reason: "the token has expired" }),
    });
    const { end } = connect(port);
    await vi.waitFor(() => expect(end).toEqual({ code: status.UNAUTHENTICATED, details: "the token has expired" }));
    expect(server.status()).toEqual([]);
  });

  test("reads one request of a proxy until it is let in, and all of them then", async () => {
    const waiting: (() => void)[] = [];
    const { port } = await started({
      authenticate: async ({ nodeId }) => {
        await new Promise<void>((resolve) => void waiting.push(resolve));
        return { ok: true, proxy, identity: nodeId, workload: nodeId };
      },
    });
    const wire = await countedWire(port);
    const { got, ask, end } = connect(wire.port, { isSilent: true });
    const names = Array.from({ length: 40 }, (_, index) => `${index}${"x".repeat(1_000_000)}`);
    ask({ node: { id: "stranger" } });
    for (const name of names) ask({ resourceNamesSubscribe: [name] });
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    await wire.isQuiet();
    expect(wire.received()).toBeLessThan(8_000_000);
    waiting[0]?.();
    await vi.waitFor(() => expect(got.flatMap(({ removedResources }) => removedResources)).toHaveLength(40), 4_000);
    expect(end.code).toBeUndefined();
  });

  test("reads the requests of few proxies of one address until they are let in, and those of others in their turn", async () => {
    const waiting: (() => void)[] = [];
    const { port, server } = await started({
      authenticate: async ({ nodeId }) => {
        await new Promise<void>((resolve) => void waiting.push(resolve));
        return { ok: true, proxy, identity: nodeId, workload: nodeId };
      },
    });
    const wire = await countedWire(port);
    const proxies = Array.from({ length: maximumStrangers + 3 }, () => connect(wire.port));
    await vi.waitFor(() => expect(waiting).toHaveLength(maximumStrangers));
    await wire.isQuiet();
    expect(waiting).toHaveLength(maximumStrangers);
    proxies[0]?.call.cancel();
    await vi.waitFor(() => expect(waiting).toHaveLength(maximumStrangers + 1));
    // Those who wait may leave, too.
    proxies.at(-1)?.call.cancel();
    await wire.isQuiet();
    for (const letIn of waiting) letIn();
    await vi.waitFor(() => expect(waiting).toHaveLength(maximumStrangers + 2));
    waiting.at(-1)?.();
    await vi.waitFor(() => expect(server.status()).toHaveLength(maximumStrangers + 1));
  });

  test("drain() sends proxies away one after the other", async () => {
    const { mesh, port, server } = await started();
    mesh.put(typeUrls.cluster, "own", "1");
    mesh.eager.push(clusterNamed("own"));
    const proxies = [connect(port), connect(port), connect(port)];
    await vi.waitFor(() => expect(proxies.map(({ got }) => got.length)).toEqual([1, 1, 1]));
    const ends: number[] = [];
    for (const { call } of proxies) call.on("status", () => void ends.push(performance.now()));
    await server.drain(300);
    await vi.waitFor(() => expect(ends).toHaveLength(3));
    expect(Math.max(...ends) - Math.min(...ends)).toBeGreaterThan(100);
    expect(server.status()).toEqual([]);
  });

  test("does not keep a stream open on which nobody says who it is", async () => {
    const { port } = await started({
      setTimer: (_ms, run) => {
        const timer = setTimeout(run, 0);
        return () => clearTimeout(timer);
      },
    });
    const { end } = connect(port, { isSilent: true });
    await vi.waitFor(() => expect(end.code).toBe(status.DEADLINE_EXCEEDED));
  });

  test("leaves a proxy what it has when its pod is gone from the mesh", async () => {
    const filled = newFixtureMesh();
    const emptied = newFixtureMesh().snapshot;
    let current = filled.snapshot;
    const listeners = new Set<() => void>();
    const { mesh, port } = await started({
      snapshots: {
        current: () => current,
        subscribe: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      translator: {
        ...filled.translator,
        knows: (snapshot) => snapshot !== emptied,
        eager: (snapshot) => (snapshot === emptied ? [] : [clusterNamed("own")]),
        resource: (snapshot, _proxy, type, name) => (snapshot === emptied ? undefined : mesh.get(type, name)),
      },
    });
    mesh.put(typeUrls.cluster, "own", "1");
    mesh.put(typeUrls.cluster, "other", "1");
    const { got, ask } = connect(port);
    await vi.waitFor(() => expect(got.map(namesOf)).toEqual([["own"]]));
    ask({ responseNonce: got[0]?.nonce ?? "" });
    current = emptied;
    for (const listener of listeners) listener();
    ask({ resourceNamesSubscribe: ["other"] });
    await vi.waitFor(() => expect(got.map(namesOf)).toEqual([["own"], ["other"]]));
    expect(got.flatMap(({ removedResources }) => removedResources)).toEqual([]);
  });
  test("goes on serving a proxy for which something cannot be translated, with a log line", async () => {
    const broken = newFixtureMesh();
    const { mesh, port, failures } = await started({
      translator: {
        ...broken.translator,
        eager: () => [clusterNamed("own")],
        resource: (_snapshot, _proxy, type, name) => {
          if (name === "bad") throw new Error("the translation fails");
          return mesh.get(type, name);
        },
      },
    });
    mesh.put(typeUrls.cluster, "own", "1");
    const [good, bad] = [connect(port), connect(port)];
    await vi.waitFor(() => expect([good.got.length, bad.got.length]).toEqual([1, 1]));
    bad.ask({ resourceNamesSubscribe: ["bad"] });
    await vi.waitFor(() => expect(bad.got.at(-1)?.removedResources).toEqual(["bad"]));
    expect(failures).toMatchObject([{ name: "bad", error: "the translation fails" }]);
    expect(bad.end.code).toBeUndefined();
    good.ask({ resourceNamesSubscribe: ["unknown"] });
    await vi.waitFor(() => expect(good.got.at(-1)?.removedResources).toEqual(["unknown"]));
  });

  test("lets one session's failure end that session only, with a log line", async () => {
    const { mesh, port, failures } = await started({
      secrets: {
        get: (_owner, name) => {
          if (name === "bad") throw new Error("there is no key");
          return undefined;
        },
        subscribe: () => () => undefined,
      },
    });
    mesh.put(typeUrls.cluster, "own", "1");
    mesh.eager.push(clusterNamed("own"));
    const [good, bad] = [connect(port), connect(port)];
    await vi.waitFor(() => expect([good.got.length, bad.got.length]).toEqual([1, 1]));
    bad.ask({ typeUrl: typeUrls.secret, resourceNamesSubscribe: ["bad"] });
    await vi.waitFor(() => expect(bad.end.code).toBe(status.INTERNAL));
    expect(failures).toMatchObject([{ error: "there is no key" }]);
    good.ask({ resourceNamesSubscribe: ["unknown"] });
    await vi.waitFor(() => expect(good.got.at(-1)?.removedResources).toEqual(["unknown"]));
  });

  test("keeps nothing of a proxy that has left", async () => {
    const { mesh, port, server, listeners, timers } = await started();
    // Something that waits, so that there is a timer.
    mesh.put(typeUrls.cluster, "own", "1");
    mesh.put(typeUrls.listener, "tcp", "", [clusterNamed("own")]);
    mesh.eager.push({ type: typeUrls.listener, name: "tcp" });
    const { call, got, ask } = connect(port);
    ask({ typeUrl: typeUrls.listener });
    await vi.waitFor(() => expect(got.length).toBe(1));
    await vi.waitFor(() => expect([listeners.size, timers.size, server.status().length]).toEqual([2, 1, 1]));
    call.cancel();
    await vi.waitFor(() => expect([listeners.size, timers.size, server.status().length]).toEqual([0, 0, 0]));
  });

  test("stops writing to a proxy that does not read, and then sends the newest form only", async () => {
    const { mesh, port, publish, registry } = await started();
    const big = "x".repeat(300_000);
    mesh.eager.push(clusterNamed("own"));
    mesh.put(typeUrls.cluster, "own", `0${big}`);
    const { got, read } = connect(port, { reads: false });
    const pushed = async () =>
      (await registry.getSingleMetric("pillion_xds_pushes_total")?.get())?.values[0]?.value ?? 0;
    await vi.waitFor(async () => expect(await pushed()).toBe(1));
    for (let i = 1; i <= 100; i++) {
      mesh.put(typeUrls.cluster, "own", `${i}${big}`);
      publish();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await pushed()).toBeLessThan(60);
    read();
    await vi.waitFor(() => {
      const last = got.at(-1)?.resources[0]?.resource?.value ?? new Uint8Array();
      expect(Buffer.from(last.subarray(0, 8)).toString()).toBe("own 100x");
    });
    expect(got.length).toBeLessThan(60);
  });

  test("says which port it cannot have, and what to do", async () => {
    const { port } = await started();
    const second = started({ plaintext: { host: "127.0.0.1", port } });
    await expect(second).rejects.toThrow(PillionError);
    await expect(second).rejects.toThrow(`XDS_PORT: The port for proxies, 127.0.0.1:${port}, cannot be opened`);
  });
});
