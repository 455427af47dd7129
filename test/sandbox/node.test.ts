// Pods in real namespaces: what they see of the network, the files and each other, how they start, are probed and end.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nodePaths } from "../../sandbox/node-protocol.ts";
import { container, javascript, script, TestNode, webServer } from "./node-harness.ts";

let node: TestNode;
beforeAll(async () => {
  node = await TestNode.start();
});
afterAll(() => node.stop());

const get = (url: string): readonly string[] => ["curl", "-sS", "-m", "5", url];
const ready = { httpGet: { port: 80 }, periodSeconds: 1 };

describe("the network of pods", () => {
  test("lets pods call each other under their own addresses", async () => {
    const server = await node.run("server", [
      container("server", { argv: webServer(80), probes: { readiness: ready } }),
    ]);
    const client = await node.run("client", [container("client")]);
    await node.untilReady("server");
    const { stdout } = await node.exec("client", "client", get(`http://${server.address}/`));
    expect(stdout).toBe(client.address);
  });

  test("sends service addresses to pods, a pod's own too", async () => {
    const { address } = await node.run("behind", [
      container("behind", { argv: webServer(8080), probes: { readiness: { tcpSocket: { port: 8080 } } } }),
    ]);
    await node.untilReady("behind");
    const text = `*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.96.1.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination ${address}:8080
-A POSTROUTING -s ${address}/32 -d ${address}/32 -j MASQUERADE
COMMIT
`;
    await node.client.ask("setNatTable", { text });
    const caller = await node.run("caller", [container("caller")]);
    expect((await node.exec("caller", "caller", get("http://10.96.1.1/"))).stdout).toBe(caller.address);
    expect((await node.exec("behind", "behind", get("http://10.96.1.1/"))).stdout).toBe("10.77.0.1");
  });

  test("has no way out to the host", async () => {
    await node.run("alone", [container("alone")]);
    const { code } = await node.exec("alone", "alone", get("http://192.0.2.1/"));
    expect(code).toBe(7);
  });
});

describe("a container", () => {
  test("sees its volumes, and the machine does not", async () => {
    mkdirSync(join(node.directory, "volume"));
    writeFileSync(join(node.directory, "volume", "a.conf"), "text");
    const source = join(nodePaths.run, "volume");
    const target = "/opt/pillion-test/deep";
    const mounts = [
      { source, target, readOnly: false },
      { source: join(source, "a.conf"), target: "/etc/pillion-test.conf", readOnly: true },
      { source, target: "/var/run/secrets/pillion-test", readOnly: true },
    ];
    await node.run("volumes", [container("with", { mounts }), container("without")]);
    await node.untilReady("volumes");
    const read = `cat ${target}/a.conf /etc/pillion-test.conf /var/run/secrets/pillion-test/a.conf && touch ${target}/new`;
    expect(await node.exec("volumes", "with", script(read))).toEqual({ stdout: "texttexttext", stderr: "", code: 0 });
    expect((await node.exec("volumes", "with", script("touch /var/run/secrets/pillion-test/new"))).code).not.toBe(0);
    expect((await node.exec("volumes", "without", script(`ls ${target}`))).code).not.toBe(0);
    expect(existsSync(join(node.directory, "volume", "new"))).toBe(true);
    for (const path of ["/opt/pillion-test", "/etc/pillion-test.conf", "/run/secrets/pillion-test"])
      expect(existsSync(path)).toBe(false);
  });

  test("runs as its user, with no right that it was not given, and may use low ports", async () => {
    const parts = {
      argv: webServer(81),
      user: 1337,
      group: 1338,
      capabilities: [],
      probes: { readiness: { httpGet: { port: 81 } } },
    };
    await node.run("user", [container("user", parts)]);
    await node.untilReady("user");
    const { stdout } = await node.exec(
      "user",
      "user",
      script("id -u; id -g; grep -c 'Cap\\(Prm\\|Eff\\|Bnd\\|Inh\\):.0*$' /proc/self/status"),
    );
    expect(stdout).toBe("1337\n1338\n4\n");
  });

  test("keeps the rights that it was given", async () => {
    await node.run("rights", [container("rights", { capabilities: ["net_admin"] })]);
    await node.untilReady("rights");
    expect((await node.exec("rights", "rights", ["ip", "address", "add", "10.1.1.1/32", "dev", "lo"])).code).toBe(0);
    await node.run("rightless", [container("rightless", { capabilities: [] })]);
    await node.untilReady("rightless");
    expect(
      (await node.exec("rightless", "rightless", ["ip", "address", "add", "10.1.1.1/32", "dev", "lo"])).code,
    ).not.toBe(0);
  });

  test("logs what it writes, to /dev/stdout by name too", async () => {
    const argv = script("echo out; echo err >&2; echo named >>/dev/stdout; exec sleep infinity");
    const probes = {
      readiness: {
        exec: { command: ["grep", "-q", "named", join(nodePaths.run, "logs", "logging")] },
        periodSeconds: 1,
      },
    };
    await node.run("logging", [
      container("logging", { argv, probes, user: 0 }),
      container("logging-user", { argv, user: 1000 }),
    ]);
    await node.untilReady("logging");
    expect(node.log("logging").split("\n").sort()).toEqual(["", "err", "named", "out"]);
    await expect.poll(() => node.log("logging-user")).toContain("named");
  });

  test("runs other programs: their output, input, code and names of streams", async () => {
    await node.run("exec", [container("exec", { env: { PATH: "/usr/bin:/bin", COLOR: "red" }, workingDir: "/usr" })]);
    await node.untilReady("exec");
    const text = "cat; echo $COLOR; pwd; echo oops >/dev/stderr; cat /dev/stdin; exit 3";
    const { stdout, stderr, code } = await node.exec("exec", "exec", script(text), "given\n");
    expect({ stdout, stderr, code }).toEqual({ stdout: "given\nred\n/usr\ngiven\n", stderr: "oops\n", code: 3 });
    expect((await node.exec("exec", "exec", ["no-such-program"])).code).toBe(127);
    await expect(node.exec("exec", "other", ["true"])).rejects.toThrow(
      'Pod exec has no container "other". Use one of exec.',
    );
    await expect(node.exec("nobody", "exec", ["true"])).rejects.toThrow("Pod nobody is not running");
  });
});

describe("a pod's start", () => {
  test("runs init containers in order, and a failed one again", async () => {
    const state = join(nodePaths.run, "order");
    const first = `test -e ${state} || { touch ${state}; exit 1; }; echo first >>${state}`;
    const init = { role: "init", restart: "on-failure" } as const;
    const initial = [
      container("first", { ...init, argv: script(first) }),
      container("second", { ...init, argv: script(`echo second >>${state}`) }),
    ];
    await node.run("inits", [container("last", { argv: script(`cat ${state}; exec sleep infinity`) })], { initial });
    await node.untilReady("inits");
    await expect.poll(() => node.log("last")).toBe("first\nsecond\n");
    const report = await node.until("inits", () => true);
    expect(report.containers.map(({ name, restarts }) => [name, restarts])).toEqual([
      ["first", 1],
      ["second", 0],
      ["last", 0],
    ]);
  });

  test("holds applications back until a native sidecar has started", async () => {
    const gate = join(nodePaths.run, "gate");
    const startup = { exec: { command: ["test", "-e", gate] }, periodSeconds: 1, failureThreshold: 1_000 };
    const initial = [container("sidecar", { role: "sidecar", probes: { startup } })];
    await node.run("gated", [container("held")], { initial });
    const before = await node.until("gated", ({ containers }) => containers[0]?.state === "running");
    expect(before.containers[1]).toMatchObject({ state: "waiting", ready: false });
    expect(before.initialized).toBe(false);
    writeFileSync(join(node.directory, "gate"), "");
    const after = await node.until("gated", ({ initialized }) => initialized);
    expect(after.containers[0]).toMatchObject({ started: true });
    await node.untilReady("gated");
  });
});

describe("probes", () => {
  const grpcHealth = javascript(`require("http2").createServer().on("stream", (s, h) => {
    s.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    s.on("wantTrailers", () => s.sendTrailers({ "grpc-status": "0" }));
    s.end(Buffer.from([0, 0, 0, 0, 2, 8, h[":path"] === "/grpc.health.v1.Health/Check" ? 1 : 2]));
  }).listen(9000)`);

  test.each([
    {
      name: "http",
      argv: webServer(80),
      probe: { httpGet: { port: 80, path: "/x", httpHeaders: [{ name: "a", value: "b" }] } },
    },
    { name: "tcp", argv: webServer(80), probe: { tcpSocket: { port: 80 } } },
    { name: "grpc", argv: grpcHealth, probe: { grpc: { port: 9000 } } },
    { name: "exec", argv: undefined, probe: { exec: { command: ["true"] } } },
  ])("make a pod ready by $name", async ({ name, argv, probe }) => {
    await node.run(`probe-${name}`, [
      container(`probe-${name}`, { ...(argv === undefined ? {} : { argv }), probes: { readiness: probe } }),
    ]);
    await node.untilReady(`probe-${name}`);
  });

  test("take a pod out and in again", async () => {
    const flag = join(nodePaths.run, "flag");
    writeFileSync(join(node.directory, "flag"), "");
    const readiness = { exec: { command: ["test", "-e", flag] }, periodSeconds: 1, failureThreshold: 1 };
    await node.run("flagged", [container("flagged", { probes: { readiness } })]);
    await node.untilReady("flagged");
    await node.exec("flagged", "flagged", ["rm", flag]);
    await node.until("flagged", ({ containers }) => containers[0]?.ready === false);
    await node.exec("flagged", "flagged", ["touch", flag]);
    await node.untilReady("flagged");
    expect((await node.until("flagged", () => true)).containers[0]?.restarts).toBe(0);
  });

  test("restart a container that is no longer alive", async () => {
    const alive = join(nodePaths.run, "alive");
    const liveness = { exec: { command: ["test", "-e", alive] }, periodSeconds: 1, failureThreshold: 1 };
    await node.run("mortal", [
      container("mortal", { argv: script(`touch ${alive}; exec sleep infinity`), probes: { liveness } }),
    ]);
    await node.untilReady("mortal");
    // On a slow machine the first probe may have come before the file: then it was restarted once already.
    const before = (await node.until("mortal", () => true)).containers[0]?.restarts ?? 0;
    await node.exec("mortal", "mortal", ["rm", alive]);
    const isBack = (restarts = 0, state = ""): boolean => restarts > before && state === "running";
    await node.until("mortal", ({ containers }) => isBack(containers[0]?.restarts, containers[0]?.state));
  });
});

describe("a pod's end", () => {
  test("restarts what ends by itself", async () => {
    await node.run("crashing", [container("crashing", { argv: script("exit 7") })]);
    const report = await node.until("crashing", ({ containers }) => containers[0]?.reason === "CrashLoopBackOff");
    expect(report.containers[0]).toMatchObject({ state: "waiting", ready: false, exitCode: 7 });
    await node.client.ask("stopPod", { key: "crashing" });
  });

  test("leaves ended what is not to be restarted", async () => {
    await node.run("job", [container("job", { argv: script("exit 4"), restart: "never" })]);
    const report = await node.until("job", ({ containers }) => containers[0]?.state === "terminated");
    expect(report.containers[0]).toMatchObject({ reason: "Error", exitCode: 4, restarts: 0 });
  });

  test("restarts what was killed, with all that it had started", async () => {
    const argv = script("sleep 4321 & exec sleep infinity");
    await node.run("killed", [container("killed", { argv })]);
    await node.untilReady("killed");
    await node.client.ask("kill", { key: "killed", container: "killed", signal: "SIGKILL" });
    await node.until("killed", ({ containers }) => containers[0]?.restarts === 1 && containers[0].ready);
    const count = async () => (await node.exec("killed", "killed", script("pgrep -fc 'sleep 432[1]'"))).stdout;
    await expect.poll(count).toBe("1\n");
    await expect(
      node.client.ask("kill", { key: "killed", container: "killed", signal: "SIGNONSENSE" }),
    ).rejects.toThrow("is no signal");
  });

  test("goes in order: hook, application, then native sidecar; who does not listen is killed", async () => {
    const trail = join(nodePaths.run, "trail");
    // A shell that has not come to its trap yet dies of the signal.
    const armed = join(nodePaths.run, "armed");
    const telling = (name: string) =>
      script(`trap 'echo ${name} >>${trail}; exit 0' TERM; echo ${name} >>${armed}; while :; do sleep 0.02; done`);
    const deaf = script(`trap '' TERM; echo deaf >>${armed}; while :; do sleep 1; done`);
    const initial = [container("sidecar", { role: "sidecar", argv: telling("sidecar") })];
    const containers = [
      container("app", {
        argv: telling("app"),
        preStop: { exec: { command: ["/bin/sh", "-c", `echo hook >>${trail}`] } },
      }),
      container("deaf", { argv: deaf }),
    ];
    await node.run("ending", containers, { initial, graceSeconds: 1 });
    await node.untilReady("ending");
    await expect
      .poll(async () => (await node.exec("ending", "app", ["cat", armed])).stdout.trim().split("\n").sort())
      .toEqual(["app", "deaf", "sidecar"]);
    const began = performance.now();
    await node.client.ask("stopPod", { key: "ending" });
    expect(performance.now() - began).toBeGreaterThan(1_900);
    await node.run("reader", [container("reader")]);
    await node.untilReady("reader");
    expect((await node.exec("reader", "reader", ["cat", trail])).stdout).toBe("hook\napp\nsidecar\n");
  });

  test("waits as long as the hook sleeps", async () => {
    await node.run("sleepy", [container("sleepy", { preStop: { sleep: { seconds: 1 } } })]);
    await node.untilReady("sleepy");
    const began = performance.now();
    await node.client.ask("stopPod", { key: "sleepy" });
    expect(performance.now() - began).toBeGreaterThan(950);
  });
});
