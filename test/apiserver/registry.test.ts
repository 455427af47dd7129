// The registry against a real API server, with a proxy between them that misbehaves on purpose.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createApiClient } from "../../registry/kubernetes/api-client.ts";
import type { ObjectReport } from "../../registry/kubernetes/cluster-objects.ts";
import { openCluster } from "../../registry/kubernetes/open-cluster.ts";
import { watchedKinds } from "../../registry/kubernetes/resources.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { Cluster, installCrds, objectsOf, type Plain } from "./registry-cluster.ts";
import { type Trouble, TroubleProxy, troubles } from "./trouble-proxy.ts";

let apiServer: ApiServer;
let proxy: TroubleProxy;
let cluster: Cluster;
let stop: AbortController;

beforeAll(async () => {
  apiServer = await startApiServer();
  cluster = new Cluster(await createApiClient({ kubeconfig: apiServer.kubeconfigFile }));
});
afterAll(async () => {
  cluster?.close();
  await apiServer?.stop();
});
beforeEach(async () => {
  stop = new AbortController();
  proxy = await TroubleProxy.start(apiServer);
});
afterEach(async () => {
  stop.abort();
  await proxy.stop();
});

/** A registry behind the proxy. Waits are short, so that trouble is met often. */
async function open(options: { readonly token?: string; readonly revision?: string } = {}) {
  const { token, revision } = options;
  const kubeconfig = apiServer.writeKubeconfig("registry", {
    url: proxy.url,
    ...(token === undefined ? {} : { token }),
  });
  const worlds: Plain[] = [];
  const reports: ObjectReport[] = [];
  const lines: string[] = [];
  const wakers = new Set<() => void>();
  const wakeAll = (): void => {
    for (const wake of wakers) wake();
    wakers.clear();
  };
  const line = (fields: object, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
    wakeAll();
  };
  const registry = await openCluster(
    {
      client: await createApiClient({ kubeconfig }),
      log: { info: line, warn: line, error: line },
      ...(revision === undefined ? {} : { meshConfig: { namespace: "istio-system", name: `istio-${revision}` } }),
      onChange: (world) => {
        worlds.push(objectsOf(world));
        wakeAll();
      },
      onReport: (report) => void reports.push(report),
      timing: { random: () => 0, silenceMs: 1_500, pageSize: 3 },
    },
    stop.signal,
  );
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => wakers.add(resolve));
  };
  /** Resolves when the World is what the API server stores. */
  const untilSame = async (): Promise<void> => {
    const stored = await cluster.stored();
    const isSame = (): boolean => JSON.stringify(objectsOf(registry.world())) === JSON.stringify(stored);
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, 40_000)));
    await Promise.race([until(isSame), limit]);
    clearTimeout(timer);
    // Shows the difference when the time was up.
    expect(objectsOf(registry.world())).toEqual(stored);
  };
  const statusOf = (kind: string) => registry.status().find((status) => status.kind === kind);
  return { registry, worlds, reports, lines, until, untilSame, statusOf };
}

describe("openCluster() before CRDs are installed", () => {
  test("is complete without them, and finds them and their objects when they come", async () => {
    await cluster.put("Service", "default", "early", { spec: { ports: [{ port: 80 }] } });
    const { registry, worlds, lines, until, untilSame, statusOf } = await open();
    await registry.untilSynced();
    expect(worlds).toHaveLength(1);
    expect(Object.keys(worlds[0] ?? {})).toContain("Service default/early");
    expect(registry.serverVersion).toMatch(/^v1\./);
    expect(statusOf("VirtualService")?.state).toBe("absent");
    expect(registry.problems()).toEqual([
      expect.stringMatching(/^the cluster has no CRDs of .*\.istio\.io and \d+ more: .* helm install istio-base/),
    ]);
    const told = () => lines.filter((line) => line.startsWith("kinds are not installed"));
    await until(() => told().length > 0);
    expect(told()).toHaveLength(1);
    await installCrds(cluster);
    await cluster.put("VirtualService", "default", "first", { spec: { hosts: ["a"] } });
    await until(() => registry.problems().length === 0);
    await untilSame();
    expect(objectsOf(registry.world())).toHaveProperty("VirtualService default/first");
    await until(() => lines.some((line) => line.startsWith("follows all kinds")));
  });
});

describe("openCluster()", () => {
  beforeAll(async () => {
    await installCrds(cluster);
    await cluster.namespace("istio-system");
    await cluster.namespace("shop");
  });

  test("tells everything at once the first time, then every change", async () => {
    for (let number = 0; number < 8; number++) await cluster.put("Service", "shop", `s${number}`, service(80));
    const { registry, worlds, untilSame } = await open();
    await registry.untilSynced();
    expect(worlds).toEqual([await cluster.stored()]);
    await cluster.put("VirtualService", "shop", "vs", { spec: { hosts: ["b"] } });
    await cluster.remove("Service", "shop", "s3");
    await untilSame();
    expect(registry.status().map(({ state }) => state)).toEqual(watchedKinds.map(() => "watching"));
  });

  test("watches of ConfigMaps only the mesh configuration, and shows that of a revision under its name", async () => {
    await cluster.put("ConfigMap", "istio-system", "istio", { data: { mesh: "trustDomain: one" } });
    await cluster.put("ConfigMap", "istio-system", "istio-canary", { data: { mesh: "trustDomain: two" } });
    await cluster.put("ConfigMap", "shop", "istio", { data: { mesh: "trustDomain: three" } });
    const { registry, until } = await open({ revision: "canary" });
    await registry.untilSynced();
    const meshOf = () => registry.world().objects.ConfigMap.get("istio-system/istio")?.data["mesh"];
    expect([...registry.world().objects.ConfigMap.keys()]).toEqual(["istio-system/istio"]);
    expect(meshOf()).toBe("trustDomain: two");
    await cluster.put("ConfigMap", "istio-system", "istio-canary", { data: { mesh: "trustDomain: four" } });
    await until(() => meshOf() === "trustDomain: four");
    await cluster.remove("ConfigMap", "istio-system", "istio-canary");
    await until(() => registry.reports().length > 0);
    const object = { kind: "ConfigMap", namespace: "istio-system", name: "istio-canary" };
    expect(registry.reports()).toMatchObject([{ object, inForce: "before", findings: [{ code: "PIL1012" }] }]);
    expect(meshOf()).toBe("trustDomain: four");
  });

  test("forgets pods that have finished", async () => {
    const containers = [{ name: "a", image: "a" }];
    await cluster.put("Pod", "shop", "job", { spec: { containers } });
    const { registry, until } = await open();
    await registry.untilSynced();
    expect(registry.world().objects.Pod.has("shop/job")).toBe(true);
    await cluster.patchStatus("Pod", "shop", "job", { phase: "Succeeded" });
    await until(() => !registry.world().objects.Pod.has("shop/job"));
  });

  test("keeps out what does not parse, says so, and takes the rest", async () => {
    await cluster.put("VirtualService", "shop", "bad", { spec: { hosts: ["c"], http: [{ rout: [] }] } });
    await cluster.put("VirtualService", "shop", "good", { spec: { hosts: ["d"] } });
    const { registry, reports, until } = await open();
    await registry.untilSynced();
    const hostsOf = (name: string) => registry.world().objects.VirtualService.get(`shop/${name}`)?.spec.hosts;
    expect([hostsOf("bad"), hostsOf("good")]).toEqual([undefined, ["d"]]);
    expect(reports).toMatchObject([
      {
        object: { kind: "VirtualService", namespace: "shop", name: "bad" },
        inForce: "nothing",
        findings: [{ code: "PIL1001", severity: "info", path: "spec.http[0].rout" }],
      },
    ]);
    await cluster.put("VirtualService", "shop", "good", { spec: { hosts: ["d"], gatways: ["g"] } });
    await until(() => registry.reports().length === 2);
    expect(hostsOf("good")).toEqual(["d"]);
    expect(registry.reports()).toContainEqual(expect.objectContaining({ inForce: "before" }));
    await cluster.put("VirtualService", "shop", "bad", { spec: { hosts: ["c"] } });
    await cluster.remove("VirtualService", "shop", "good");
    await until(() => hostsOf("bad")?.[0] === "c" && hostsOf("good") === undefined);
    expect(registry.reports()).toEqual([]);
  });

  test("says which right is missing, and goes on when it is given", async () => {
    const token = await cluster.accountWithout("pods");
    const { registry, lines, until, statusOf } = await open({ token });
    await until(() => statusOf("Pod")?.state === "refused");
    expect(registry.synced()).toBe(false);
    expect(registry.problems()).toEqual([
      expect.stringMatching(
        /list and watch pods\. .*kubectl auth can-i list pods -A --as=system:serviceaccount:default:registry"/,
      ),
    ]);
    await cluster.grant("pods");
    await registry.untilSynced();
    expect(lines.filter((line) => line.startsWith("not allowed"))).toHaveLength(1);
  });

  test.each(troubles)("loses nothing when the API server answers with trouble: %s", async (trouble) => {
    await cluster.put("Service", "shop", "kept", service(80));
    await cluster.put("Service", "shop", "changed", service(80));
    await cluster.put("Service", "shop", "gone", service(80));
    await cluster.put("VirtualService", "shop", "gone", { spec: { hosts: ["e"] } });
    const { registry, untilSame } = await open();
    await registry.untilSynced();
    await untilSame();

    proxy.begin(trouble);
    await cluster.put("Service", "shop", "changed", service(81));
    await cluster.remove("Service", "shop", "gone");
    await cluster.put("VirtualService", "shop", `new-${trouble}`, { spec: { hosts: [`${trouble}.example.com`] } });
    await cluster.remove("VirtualService", "shop", "gone");
    // Half a line needs an event on each stream; other trouble meets every watch, and then what they try again.
    await proxy.untilMet(trouble === "half-line" ? 2 : watchedKinds.length + 3);
    await cluster.put("Service", "shop", "during", service(82));
    await cluster.remove("Service", "shop", "during");
    await cluster.put("Service", "shop", "during", service(83));
    proxy.end();
    await untilSame();

    await cluster.put("Service", "shop", "after", service(84));
    await cluster.remove("Service", "shop", "during");
    await untilSame();
    expect(registry.world().objects.Service.has("shop/gone")).toBe(false);
  });

  test("loses nothing when the API server is killed and starts again", async () => {
    await cluster.put("Service", "shop", "gone", service(80));
    const { registry, untilSame, until, statusOf } = await open();
    await registry.untilSynced();
    await untilSame();
    await apiServer.kill();
    await until(() => statusOf("Service")?.state === "failing");
    expect(registry.world().objects.Service.has("shop/gone")).toBe(true);
    await apiServer.restart();
    await cluster.remove("Service", "shop", "gone");
    await cluster.put("VirtualService", "shop", "after-restart", { spec: { hosts: ["f"] } });
    await untilSame();
    await until(() => registry.status().every(({ state }) => state === "watching"));
  });

  test("loses nothing in a storm of changes and trouble", async () => {
    const { registry, untilSame } = await open();
    await registry.untilSynced();
    const random = randomFrom(20_240_607);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] ?? items[0] ?? never();
    for (let round = 0; round < 12; round++) {
      // Silence takes its whole time each round; it has its own test.
      const trouble = pick<Trouble>(["none", "cut", "expired", "busy", "error", "garbage", "half-line"]);
      proxy.begin(trouble);
      // Trouble that nobody met would prove nothing.
      for (let change = 0; change < 12 || (trouble !== "none" && !proxy.isMet); change++) {
        const name = `storm${Math.floor(random() * 6)}`;
        if (random() < 0.3) await cluster.remove("Service", "shop", name);
        else await cluster.put("Service", "shop", name, service(Math.floor(random() * 60_000) + 1));
      }
    }
    proxy.end();
    await untilSame();
  });

  test("ends when it is told to", async () => {
    const { registry } = await open();
    await registry.untilSynced();
    stop.abort();
    await registry.done;
  });
});

const service = (port: number) => ({ spec: { ports: [{ port }] } });

/** A small generator of numbers from 0 to 1, so that a storm is the same each time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function never(): never {
  throw new Error("there is always something to pick");
}
