// The xDS server and the real Envoy: hosts on demand, make before break, and a control plane that comes and goes.
import { once } from "node:events";
import { Agent, createServer, request, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { typeUrls } from "../../envoy/resource.ts";
import { adsBootstrap, envoyBinary, freePort, type LiveEnvoy, startEnvoy, until } from "./live-envoy.ts";
import {
  fromAds,
  type MeshLog,
  newLiveMesh,
  pushes,
  putCluster,
  putHost,
  putListener,
  putOnDemandListener,
  serveMesh,
  typed,
} from "./live-mesh.ts";

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
});

/** An upstream that says its name and counts. */
async function upstream(name: string): Promise<{ readonly port: number; count(): number }> {
  let count = 0;
  const server: Server = createServer((incoming, response) => {
    count += 1;
    incoming.resume();
    response.end(name);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUp.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, count: () => count };
}

async function sidecar(xdsPort: number, nodeId = "web~web-1"): Promise<LiveEnvoy> {
  const envoy = await startEnvoy({ bootstrap: adsBootstrap({ xdsPort, nodeId }) });
  cleanUp.push(() => envoy.stop());
  return envoy;
}

const live = (envoy: LiveEnvoy) => until("Envoy is live", () => envoy.isLive());

/** "200 web", or the error's code. */
function ask(port: number, host: string, agent = new Agent()): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request({ host: "127.0.0.1", port, headers: { host }, agent, timeout: 10_000 }, (incoming) => {
      let body = "";
      incoming.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      incoming.on("end", () => resolve(`${incoming.statusCode} ${body}`.trim()));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.end();
  });
}

/** Requests without a pause until `stop`, which gives what was answered other than `expected`. */
function load(port: number, host: string, expected: RegExp): { stop(): Promise<readonly string[]>; count(): number } {
  let running = true;
  let count = 0;
  const wrong: string[] = [];
  const agent = new Agent({ keepAlive: true });
  const done = (async () => {
    while (running) {
      const answer = await ask(port, host, agent);
      count += 1;
      if (!expected.test(answer)) wrong.push(answer);
    }
    agent.destroy();
  })();
  return {
    count: () => count,
    stop: async () => {
      running = false;
      await done;
      return wrong;
    },
  };
}

/** A mesh with one HTTP listener, a server, and an Envoy that is live. */
async function started(log: MeshLog = {}) {
  const mesh = newLiveMesh();
  const port = await freePort();
  putOnDemandListener(mesh, port, "80");
  const served = await serveMesh(mesh, 0, log);
  cleanUp.push(() => served.server.close());
  const envoy = await sidecar(served.port);
  await live(envoy);
  return { mesh, port, served, envoy };
}

describe.runIf(envoyBinary() !== undefined)("the xDS server", () => {
  test("answers the first request to a host by what VHDS brings, under every alias", async () => {
    const { mesh, port, served } = await started();
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    putHost(mesh, "80/web", "web");
    expect(await ask(port, "web")).toBe("200 web");
    expect(await ask(port, "web.full")).toBe("200 web");
    expect(await ask(port, "web")).toBe("200 web");
    const [status] = served.server.status();
    expect(status).toMatchObject({ workload: "web", synced: true, refused: [], late: [] });
    expect(status?.held.get(typeUrls.virtualHost)).toBe(1);
    expect(status).toMatchObject({ facts: { envoyVersion: "1.40.0" }, hosts: ["80/web"], unacknowledged: [] });
    const states = [typeUrls.listener, typeUrls.virtualHost, typeUrls.secret].map((type) => status?.types.get(type));
    expect(states.map((sync) => sync?.state)).toEqual(["SYNCED", "SYNCED", "NOT SENT"]);
  });

  test("has the mirror's cluster in place before the first request", async () => {
    const { mesh, port } = await started();
    const [web, mirror] = [await upstream("web"), await upstream("mirror")];
    putCluster(mesh, "web", web.port);
    putCluster(mesh, "mirror", mirror.port);
    putHost(mesh, "80/web", "web", { requestMirrorPolicies: [{ cluster: "mirror" }] }, ["mirror"]);
    expect(await ask(port, "web")).toBe("200 web");
    await until("the mirror has its copy", () => Promise.resolve(mirror.count() === 1));
  });

  test("answers 404 for a host that nobody knows, until it is there, and again when it is gone", async () => {
    const { mesh, port, served } = await started();
    expect(await ask(port, "late")).toBe("404");
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    putHost(mesh, "80/late", "web");
    mesh.publish();
    await until("the host is there", async () => (await ask(port, "late")) === "200 web");
    mesh.remove(typeUrls.virtualHost, "80/late");
    mesh.publish();
    await until("the host is gone", async () => (await ask(port, "late")) === "404");
    await until("its cluster is taken", () =>
      Promise.resolve(served.server.status()[0]?.held.get(typeUrls.cluster) === 0),
    );
    putHost(mesh, "80/late", "web");
    mesh.publish();
    await until("the host is back", async () => (await ask(port, "late")) === "200 web");
  });

  test("answers 404 for a host that Envoy refuses, names the object, and takes the mended form", async () => {
    const errors: object[] = [];
    const { mesh, port, served } = await started({ error: (fields: object) => void errors.push(fields) });
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    mesh.put(typeUrls.virtualHost, "80/bad", {
      name: "80/bad",
      domains: ["bad"],
      routes: [{ match: { prefix: "/" }, directResponse: { status: 600 } }],
    });
    expect(await ask(port, "bad")).toBe("404");
    expect(served.server.status()[0]?.refused).toMatchObject([
      { name: "80/bad", provenance: [{ name: "80/bad" }], reason: expect.stringContaining("600") as string },
    ]);
    expect(served.server.status()[0]?.types.get(typeUrls.virtualHost)?.state).toBe("ERROR");
    const provenance = [{ kind: "Test", namespace: "shop", name: "80/bad" }];
    const resources = [{ name: "80/bad", provenance }];
    expect(errors).toMatchObject([{ proxy: "web-1", namespace: "shop", type: "virtual_host", resources }]);
    putHost(mesh, "80/bad", "web");
    mesh.publish();
    await until("the mended form is there", async () => (await ask(port, "bad")) === "200 web");
    expect(served.server.status()[0]?.refused).toEqual([]);
  });

  test("loses no request when a route moves, a cluster changes, and the old one goes", async () => {
    const { mesh, port, served } = await started();
    const [v1, v2] = [await upstream("v1"), await upstream("v2")];
    putCluster(mesh, "v1", v1.port);
    putCluster(mesh, "v2", v2.port);
    putHost(mesh, "80/web", "v1");
    expect(await ask(port, "web")).toBe("200 v1");
    const traffic = load(port, "web", /^200 v[12]$/);
    for (const [round, name] of ["v2", "v1", "v2", "v1", "v2"].entries()) {
      putCluster(mesh, "v1", v1.port, { connectTimeout: `${round + 3}s` });
      putHost(mesh, "80/web", name);
      mesh.publish();
      await until("the route has moved", async () => (await ask(port, "web")) === `200 ${name}`);
    }
    await until("one cluster is left", () =>
      Promise.resolve(served.server.status()[0]?.held.get(typeUrls.cluster) === 1),
    );
    expect(traffic.count()).toBeGreaterThan(10);
    expect(await traffic.stop()).toEqual([]);
  });

  test("ends the wait for a cluster that does not exist, and brings one that does, for HTTP and for TCP", async () => {
    const { mesh, port, served } = await started();
    // Nothing says that the host needs this cluster, so Envoy has to ask for it.
    const routes = [{ match: { prefix: "/" }, route: { clusterHeader: "x-cluster" } }];
    mesh.put(typeUrls.virtualHost, "80/any", { name: "80/any", domains: ["any"], routes });
    const tcp = createTcpServer((socket) => socket.end("hello"));
    tcp.listen(0, "127.0.0.1");
    await once(tcp, "listening");
    cleanUp.push(async () => void tcp.close());
    const address = tcp.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    putCluster(mesh, "tcp|there", address.port);
    const ports = { there: await freePort(), nowhere: await freePort() };
    for (const [name, listenerPort] of Object.entries(ports)) {
      const onDemand = { odcdsConfig: fromAds, timeout: "8s" };
      const tcpProxy = typed("filters.network.tcp_proxy.v3.TcpProxy", {
        statPrefix: name,
        cluster: `tcp|${name}`,
        onDemand,
      });
      putListener(mesh, name, listenerPort, "tcp", tcpProxy);
    }
    mesh.publish();
    expect(await ask(port, "any")).toMatch(/^50[03]/);
    await until("the listeners are there", () =>
      Promise.resolve(served.server.status()[0]?.held.get(typeUrls.listener) === 3),
    );
    expect(await hear(ports.there)).toBe("hello");
    const startMs = performance.now();
    expect(await hear(ports.nowhere)).toBe("");
    expect(performance.now() - startMs).toBeLessThan(6_000);
  });

  test("is away and back under load: no request is lost, nothing is sent again, and new hosts wait for it", async () => {
    const { mesh, port, served } = await started();
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    putHost(mesh, "80/web", "web");
    putHost(mesh, "80/other", "web");
    expect(await ask(port, "web")).toBe("200 web");
    expect(await ask(port, "nobody")).toBe("404");
    const traffic = load(port, "web", /^200 web$/);
    await served.server.close();
    const early = ask(port, "other");
    const again = await serveMesh(mesh, served.port);
    cleanUp.push(() => again.server.close());
    expect(await early).toBe("200 web");
    await until("the proxy is back", () => Promise.resolve(again.server.status()[0]?.synced === true));
    expect(await ask(port, "web")).toBe("200 web");
    expect(await ask(port, "nobody")).toBe("404");
    expect(await traffic.stop()).toEqual([]);
    expect(await pushes(again.metrics)).toEqual({ virtual_host: 1 });
  });

  test("brings what changed while it was away, and no cluster is left warming", async () => {
    const { mesh, port, served, envoy } = await started();
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    putHost(mesh, "80/web", "web");
    putHost(mesh, "80/other", "web");
    expect(await ask(port, "web")).toBe("200 web");
    await served.server.close();
    putCluster(mesh, "web", web.port, { connectTimeout: "7s" });
    const again = await serveMesh(mesh, served.port);
    cleanUp.push(() => again.server.close());
    await until("the new form is in force", async () => {
      const dump = await envoy.get("/config_dump?resource=dynamic_active_clusters");
      return dump.includes('"connect_timeout": "7s"');
    });
    expect(await envoy.get("/stats?filter=cluster_manager.warming_clusters")).toContain(": 0");
    expect(await ask(port, "other")).toBe("200 web");
    await until("all is acknowledged", () => Promise.resolve(again.server.status()[0]?.synced === true));
    expect(again.server.status()[0]?.late).toEqual([]);
  });

  test("gives a new proxy the hosts of its siblings before it is ready, also after the server was restarted", async () => {
    const { mesh, port, served } = await started();
    const web = await upstream("web");
    putCluster(mesh, "web", web.port);
    for (let i = 0; i < 50; i++) {
      putHost(mesh, `80/host-${i}`, "web");
      await ask(port, `host-${i}`);
    }
    await served.server.close();
    const again = await serveMesh(mesh, served.port);
    cleanUp.push(() => again.server.close());
    await until("the sibling is back", () => Promise.resolve(again.server.status()[0]?.synced === true));
    // The two share a machine, so the new one listens elsewhere.
    const newPort = await freePort();
    mesh.eager.length = 0;
    putOnDemandListener(mesh, newPort, "80");
    const sibling = await sidecar(again.port, "web~web-2");
    await live(sibling);
    await again.server.close();
    for (let i = 0; i < 50; i += 7) expect(await ask(newPort, `host-${i}`)).toBe("200 web");
  });
});

/** What a server says that speaks first. */
async function hear(port: number): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on("error", () => undefined);
  await once(socket, "close");
  return heard;
}
