import { describe, expect, test } from "vitest";
import { typeUrls } from "../envoy/resource.ts";
import { needsTimeoutMs } from "./schedule.ts";
import { statusOf } from "./status.ts";
import { clusterNamed, newFixtureMesh, newSidecarMesh, putCluster, putHost } from "./testing/fixture-mesh.ts";
import { SimulatedProxy } from "./testing/simulated-proxy.ts";
import { words } from "./testing/words.ts";
import { computeWanted } from "./wanted.ts";

const { cluster, listener, secret, virtualHost } = typeUrls;

function settled(prepare: (mesh: ReturnType<typeof newSidecarMesh>) => void = () => undefined): SimulatedProxy {
  const mesh = newSidecarMesh();
  putCluster(mesh, "own");
  mesh.eager.push(clusterNamed("own"));
  prepare(mesh);
  const proxy = new SimulatedProxy(mesh);
  proxy.settle();
  return proxy;
}

describe("dueMessages()", () => {
  test("starts a proxy with clusters first, and lets its routes go on though there is no host yet", () => {
    expect(words(settled())).toEqual(["C own", "E own", "S default", "L outbound", "R 80", "V 80/~(-)"]);
  });

  test("tells a proxy that there is nothing for it, because it would wait for ever", () => {
    const proxy = new SimulatedProxy(newFixtureMesh());
    proxy.settle();
    expect(words(proxy)).toEqual(["C"]);
  });

  test("gives the first listeners all together, when the clusters of each are there", () => {
    const mesh = newSidecarMesh();
    putCluster(mesh, "database");
    mesh.put(typeUrls.listener, "tcp", "", [clusterNamed("database")]);
    mesh.eager.push({ type: listener, name: "tcp" });
    const proxy = new SimulatedProxy(mesh);
    proxy.settle();
    expect(words(proxy).slice(0, 4)).toEqual(["C database", "E database", "S default", "L outbound tcp"]);
  });

  test("answers a question about a host after the clusters that it names, their endpoints and certificates", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "web");
      putCluster(mesh, "mirror");
      putHost(mesh, "80/web", "web", "mirror");
    });
    const before = proxy.sent.length;
    proxy.ask("80/web:80");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["C web mirror", "E web", "E mirror", "V 80/web"]);
    expect(proxy.sent.at(-1)?.message.resources[0]?.aliases).toEqual(["80/web:80"]);
  });

  test("answers a question about nothing at once, and fills the answer in later", () => {
    const proxy = settled();
    const before = proxy.sent.length;
    proxy.ask("80/late");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["V 80/late(-)"]);
    putCluster(proxy.mesh, "late");
    putHost(proxy.mesh, "80/late", "late");
    proxy.settle();
    expect(words(proxy, before + 1)).toEqual(["C late", "E late", "V 80/late"]);
  });

  test("empties a host that is gone, then takes its cluster", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "web");
      putHost(mesh, "80/web", "web");
    });
    proxy.ask("80/web");
    proxy.settle();
    const before = proxy.sent.length;
    proxy.mesh.remove(virtualHost, "80/web");
    proxy.mesh.remove(cluster, "web");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["V !80/web", "V 80/web(-)", "C !web"]);
  });

  test("moves a host to another cluster by make before break", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "v1");
      putCluster(mesh, "v2");
      putHost(mesh, "80/web", "v1");
    });
    proxy.ask("80/web");
    proxy.settle();
    const before = proxy.sent.length;
    putHost(proxy.mesh, "80/web", "v2");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["C v2", "E v2", "V 80/web", "C !v1"]);
  });

  test("sends endpoints again with a changed cluster, because Envoy waits for them and does not ask", () => {
    const proxy = settled();
    const before = proxy.sent.length;
    putCluster(proxy.mesh, "own", "two");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["C own", "E own"]);
  });

  test("waits two seconds for needs, then sends, and says what was missing", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "web");
      mesh.remove(secret, "default");
      putHost(mesh, "80/web", "web");
    });
    const needed = { type: secret, name: "another" };
    proxy.mesh.put(cluster, "web", "one", [needed]);
    proxy.ask("80/web");
    const startMs = proxy.nowMs;
    proxy.settle();
    const last = proxy.sent.findLast(({ message }) => message.type === virtualHost);
    expect(last?.message.resources[0]?.name).toBe("80/web");
    expect(last?.atMs).toBe(startMs + needsTimeoutMs);
    const status = statusOf(proxy.state, computeWanted(proxy.state, proxy.mesh.source));
    expect(status.late).toEqual([{ type: virtualHost, name: "80/web", missing: [needed] }]);
    expect(status.synced).toBe(true);
  });

  test("says that an unknown cluster does not exist, so that nobody waits for it", () => {
    const proxy = settled();
    const before = proxy.sent.length;
    proxy.askCluster("nowhere");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["C !nowhere"]);
    putCluster(proxy.mesh, "nowhere");
    proxy.settle();
    expect(words(proxy, before + 1)).toEqual(["C nowhere", "E nowhere"]);
  });

  test("answers a question without a host when Envoy refuses the host, and does not send that version again", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "web");
      putHost(mesh, "80/web", "web");
    });
    proxy.refuses.add(`${virtualHost} 80/web`);
    const before = proxy.sent.length;
    proxy.ask("80/web");
    proxy.settle();
    expect(words(proxy, before)).toEqual(["C web", "E web", "V 80/web", "V 80/web(-)"]);
    const status = statusOf(proxy.state, computeWanted(proxy.state, proxy.mesh.source));
    expect(status.refused).toMatchObject([
      { name: "80/web", reason: "it is refused", provenance: [{ name: "80/web" }] },
    ]);
    proxy.refuses.clear();
    putHost(proxy.mesh, "80/web", "web", "own");
    proxy.settle();
    expect(words(proxy, before + 4)).toEqual(["V 80/web"]);
  });

  test("finds out which of several resources was refused; the others arrive, the last good form stays", () => {
    const proxy = settled((mesh) => {
      putCluster(mesh, "a");
      putCluster(mesh, "b");
      mesh.eager.push(clusterNamed("a"), clusterNamed("b"));
    });
    const goodVersion = proxy.held.get(cluster)?.get("a")?.version;
    proxy.refuses.add(`${cluster} a`);
    const before = proxy.sent.length;
    putCluster(proxy.mesh, "a", "bad");
    putCluster(proxy.mesh, "b", "good");
    proxy.settle();
    expect(words(proxy, before).filter((text) => text.startsWith("C"))).toEqual(["C a b", "C a", "C b"]);
    expect(proxy.held.get(cluster)?.get("a")?.version).toBe(goodVersion);
    expect(proxy.held.get(cluster)?.get("b")?.version).toBe(proxy.mesh.get(cluster, "b")?.version);
  });

  test("gives a new proxy the hosts of its siblings with its first clusters", () => {
    const mesh = newSidecarMesh();
    putCluster(mesh, "web");
    putHost(mesh, "80/web", "web");
    const proxy = new SimulatedProxy(mesh, ["80/web", "80/forgotten"]);
    proxy.settle();
    expect(words(proxy)).toEqual(["C web", "E web", "S default", "L outbound", "R 80", "V 80/web"]);
  });
});

test("dueMessages() gives learned hosts in one response, and one by one when Envoy refuses it", () => {
  const mesh = newSidecarMesh();
  putCluster(mesh, "web");
  const hosts = ["80/a", "80/b", "80/c"];
  for (const host of hosts) putHost(mesh, host, "web");
  const proxy = new SimulatedProxy(mesh, hosts);
  proxy.refuses.add(`${virtualHost} 80/b`);
  proxy.settle();
  expect(words(proxy).slice(-4)).toEqual(["V 80/a 80/b 80/c", "V 80/a", "V 80/b", "V 80/c"]);
  expect([...(proxy.held.get(virtualHost)?.keys() ?? [])]).toEqual(["80/a", "80/c"]);
});

test("computeWanted() gives the full table where a workload uses too many hosts", () => {
  const mesh = newSidecarMesh();
  putCluster(mesh, "web");
  for (const name of ["80/a", "80/b"]) {
    putHost(mesh, name, "web");
    mesh.every.push({ type: virtualHost, name });
  }
  const { state } = new SimulatedProxy(mesh);
  const hosts = (isFull: boolean) => {
    const wanted = computeWanted(state, { ...mesh.source, fullTable: () => isFull });
    return [...(wanted.get(virtualHost)?.keys() ?? []), ...(wanted.get(cluster)?.keys() ?? [])];
  };
  expect(hosts(false)).toEqual([]);
  expect(hosts(true)).toEqual(["80/a", "80/b", "web"]);
});

test("dueMessages() gives learned TCP destinations with the first clusters", () => {
  const mesh = newSidecarMesh();
  putCluster(mesh, "tcp|10.0.0.1:90");
  const proxy = new SimulatedProxy(mesh, [], ["tcp|10.0.0.1:90", "tcp|10.0.0.2:90"]);
  proxy.settle();
  expect(words(proxy).slice(0, 2)).toEqual(["C tcp|10.0.0.1:90", "E tcp|10.0.0.1:90"]);
});

test("dueMessages() holds learned hosts back until the needs of all of them are there", () => {
  const mesh = newSidecarMesh();
  putCluster(mesh, "web");
  putHost(mesh, "80/a", "web");
  mesh.put(virtualHost, "80/b", "", [{ type: secret, name: "never" }]);
  const proxy = new SimulatedProxy(mesh, ["80/a", "80/b"]);
  proxy.settle();
  expect(words(proxy).slice(-1)).toEqual(["V 80/a 80/b"]);
  expect(proxy.nowMs).toBe(needsTimeoutMs);
});
