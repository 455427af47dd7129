// A cluster without a control plane: Deployments, Services, names and what follows when manifests change.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sandbox as sandboxVerb } from "../../cli/verbs/sandbox.ts";
import { askSandbox } from "../../sandbox/control-socket.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { startSandbox } from "../../sandbox/start-sandbox.ts";
import { repository } from "./node-harness.ts";

const patienceMs = 20_000;
let base: string;
let directory: string;
let run: string;
let sandbox: Sandbox;
const said: string[] = [];

const options = () => ({
  directories: [directory],
  runDirectory: run,
  objectsDirectory: join(run, "objects"),
  stateDirectory: join(base, "state"),
  webhook: { host: "127.0.0.1", port: 9 },
  xds: { host: "127.0.0.1", port: 9 },
  imageCatalogue: join(repository, "samples", "images.yaml"),
  appDirectory: repository,
  envoyBinary: process.execPath, // No pod of these tests has a proxy.
  expose: [{ service: "default/web", port: 80 }],
  outsideHosts: { "www.example.test": "default/web-pods", "api.example.test": "192.0.2.7" },
  log: (line: string) => void said.push(line),
});

/** A web server that answers with its version and pod, as Deployment and two Services. */
const web = (version: string, replicas: number): string => `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ name: http, port: 80, targetPort: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: web-pods }
spec: { clusterIP: None, selector: { app: web }, ports: [{ name: http, port: 8080 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: pillion/shell
          command: [node, -e, 'require("http").createServer((q, s) => s.end(process.env.VERSION + " " + process.env.POD)).listen(8080)']
          env:
            - { name: VERSION, value: ${version} }
            - { name: POD, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
          ports: [{ name: http, containerPort: 8080 }]
          readinessProbe: { httpGet: { port: http }, periodSeconds: 1 }
          lifecycle: { preStop: { sleep: { seconds: 1 } } }
`;

const settle = async () => sandbox.ready(AbortSignal.timeout(patienceMs));
const podsOf = (name: string) => sandbox.pods().filter((pod) => pod.name.startsWith(`${name}-`));
const curl = async (url: string) =>
  (await sandbox.exec("default", "deploy/curl", "", ["curl", "-sS", "-m", "5", url])).stdout;
/** Resolves when the pods that run are as wanted, and settled. */
async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { timeout: patienceMs, interval: 20 }).toBe(true);
  await settle();
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "pillion-cluster-"));
  directory = join(base, "mesh");
  run = join(base, "run");
  mkdirSync(directory);
  writeFileSync(join(directory, "web.yaml"), web("v1", 2));
  cpSync(join(repository, "samples", "shell", "curl.yaml"), join(directory, "curl.yaml"));
  sandbox = await startSandbox(options(), new AbortController().signal);
  await settle();
});
afterAll(async () => {
  await sandbox.stop();
  expect(existsSync(run)).toBe(false);
  rmSync(base, { recursive: true });
});

describe("a Service", () => {
  test("is called by all its names, and shares calls among its pods", async () => {
    for (const name of ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"])
      expect(await curl(`http://${name}/`)).toMatch(/^v1 web-/);
    const calls = await sandbox.exec("default", "deploy/curl", "", [
      "curl",
      "-sS",
      "http://web/?[1-20]",
      "-w",
      "\\n",
      "-H",
      "connection: close",
    ]);
    expect(new Set(calls.stdout.trim().split("\n"))).toEqual(new Set(podsOf("web").map(({ name }) => `v1 ${name}`)));
  });

  test("without an address stands for its pods' own", async () => {
    const { stdout } = await sandbox.exec("default", "deploy/curl", "", ["getent", "ahostsv4", "web-pods"]);
    for (const { ip } of podsOf("web")) expect(stdout).toContain(ip);
    expect(await curl("http://web-pods:8080/")).toMatch(/^v1 /);
  });

  test("can be reached from the host", async () => {
    const answer = await fetch(`http://${sandbox.address("default/web") ?? ""}/`);
    expect(await answer.text()).toMatch(/^v1 web-/);
  });

  test("lends its pods to an outside name", async () => {
    expect(await curl("http://www.example.test:8080/")).toMatch(/^v1 /);
    const { stdout } = await sandbox.exec("default", "deploy/curl", "", ["getent", "hosts", "api.example.test"]);
    expect(stdout).toContain("192.0.2.7");
  });
});

describe("a pod", () => {
  test("is written with its status for the control plane to read", () => {
    const [pod] = podsOf("web");
    const written: unknown = JSON.parse(readFileSync(join(run, "objects", `pod_default_${pod?.name}.json`), "utf8"));
    expect(written).toMatchObject({
      kind: "Pod",
      metadata: { labels: { app: "web" }, ownerReferences: [{ kind: "ReplicaSet" }] },
      status: { phase: "Running", podIP: pod?.ip, containerStatuses: [{ name: "web", ready: true }] },
    });
  });

  test("that is deleted is replaced", async () => {
    const [first] = podsOf("web");
    const name = first?.name ?? "";
    await sandbox.deletePod("default", name);
    expect(readdirSync(join(run, "objects"))).not.toContain(`pod_default_${name}.json`);
    await until(() => podsOf("web").length === 2);
    expect(podsOf("web").map((pod) => pod.name)).not.toContain(name);
  });

  test("whose program is killed is ready again", async () => {
    const [pod] = podsOf("web");
    await sandbox.kill("default", pod?.name ?? "", "web");
    await until(() => podsOf("web").some(({ restarts }) => restarts === 1));
    expect(podsOf("web").every(({ isReady }) => isReady)).toBe(true);
  });

  test("of its own runs and goes with its manifest", async () => {
    const file = join(directory, "pod.yaml");
    const pod = (text: string) =>
      `{ apiVersion: v1, kind: Pod, metadata: { name: lone-pod }, spec: { containers: [{ name: a, command: [sh, -c, '${text}; sleep infinity'] }] } }`;
    writeFileSync(file, pod("echo one"));
    await until(() => podsOf("lone").length === 1);
    await expect.poll(() => sandbox.logs("default", "lone-pod", "")).toBe("one\n");
    rmSync(file);
    await until(() => podsOf("lone").length === 0);
  });
});

test("ready() does not wait for a pod that has done its work", async () => {
  const file = join(directory, "once.yaml");
  const spec = "{ restartPolicy: Never, containers: [{ name: a, command: [sh, -c, 'exit 3'] }] }";
  writeFileSync(file, `{ apiVersion: v1, kind: Pod, metadata: { name: once-pod }, spec: ${spec} }`);
  await until(() => podsOf("once").some(({ phase }) => phase === "Failed"));
  rmSync(file);
  await until(() => podsOf("once").length === 0);
});

describe("a Deployment", () => {
  test("rolls out a new template without losing a call", async () => {
    let over = false;
    const failures: string[] = [];
    const calling = (async () => {
      while (!over) {
        const answer = await curl("http://web/");
        if (!/^v[12] web-/.test(answer)) failures.push(answer);
      }
    })();
    writeFileSync(join(directory, "web.yaml"), web("v2", 2));
    await expect.poll(async () => curl("http://web/"), { timeout: patienceMs }).toMatch(/^v2 /);
    await until(() => podsOf("web").length === 2);
    over = true;
    await calling;
    expect(failures).toEqual([]);
  });

  test("is scaled by its manifest and by hand", async () => {
    sandbox.scale("default", "web", 3);
    await until(() => podsOf("web").length === 3);
    sandbox.scale("default", "web", 1);
    await until(() => podsOf("web").length === 1);
    expect(() => sandbox.scale("default", "none", 1)).toThrow("There is no Deployment default/none");
  });
});

describe("what goes wrong", () => {
  test("an image that nobody knows is explained once, and mended by its manifest", async () => {
    const file = join(directory, "unknown.yaml");
    const pod = (more: string) =>
      `{ apiVersion: v1, kind: Pod, metadata: { name: unknown-pod }, spec: { containers: [{ name: a, image: nobody/knows${more} }] } }`;
    writeFileSync(file, pod(""));
    await expect
      .poll(() => said.join("\n"), { timeout: patienceMs })
      .toContain('has image "nobody/knows", which the image catalogue does not know');
    writeFileSync(file, pod(", command: [sleep, infinity]"));
    await until(() => podsOf("unknown").length === 1);
    rmSync(file);
    await until(() => podsOf("unknown").length === 0);
  });

  test("a namespace with injection waits for the webhook", async () => {
    const file = join(directory, "injected.yaml");
    const namespace =
      "{ apiVersion: v1, kind: Namespace, metadata: { name: shop, labels: { istio-injection: enabled } } }";
    writeFileSync(
      file,
      `${namespace}\n---\n{ apiVersion: v1, kind: Pod, metadata: { name: shy, namespace: shop }, spec: { containers: [{ name: a, command: [sleep, infinity] }] } }`,
    );
    await expect
      .poll(() => said.join("\n"), { timeout: patienceMs })
      .toContain("WEBHOOK: The webhook at https://127.0.0.1:9/inject gives no answer");
    expect(sandbox.pods().map(({ name }) => name)).not.toContain("shy");
    await expect(sandbox.ready(AbortSignal.timeout(200))).rejects.toThrow(
      "SANDBOX_NOT_READY: Pods are still on their way",
    );
    rmSync(file);
    await settle();
  });

  test("a second sandbox in the same folder is refused, and leaves the first alone", async () => {
    await expect(startSandbox(options(), new AbortController().signal)).rejects.toThrow(
      `is in use by process ${process.pid}`,
    );
    expect(await curl("http://web/")).toMatch(/^v2 /);
  });

  test("a port in use is refused, and nothing is left", async () => {
    const [, port] = sandbox.address("default/web")?.split(":") ?? [];
    const other = {
      ...options(),
      runDirectory: join(base, "other"),
      expose: [{ service: "default/web", port: 80, hostPort: Number(port) }],
    };
    await expect(
      startSandbox({ ...other, objectsDirectory: join(base, "other", "objects") }, new AbortController().signal),
    ).rejects.toThrow(`LISTEN: 127.0.0.1:${port} cannot be listened on: it is in use`);
    expect(existsSync(join(base, "other"))).toBe(false);
  });
});

describe("the control socket", () => {
  test("answers what `pillion sandbox` asks", async () => {
    expect(await askSandbox(run, { verb: "pods" })).toEqual(sandbox.pods());
    const exec = {
      verb: "exec",
      namespace: "default",
      pod: "deploy/curl",
      container: "",
      argv: ["cat"],
      stdin: "text",
    } as const;
    expect(await askSandbox(run, exec)).toEqual({ stdout: "text", stderr: "", code: 0 });
    const logs = await askSandbox(run, { verb: "logs", namespace: "default", pod: "deploy/web", container: "web" });
    expect(existsSync(logs)).toBe(true);
  });

  test("says what is wrong with a question, and who is away", async () => {
    await expect(askSandbox(run, { verb: "logs", namespace: "default", pod: "none", container: "" })).rejects.toThrow(
      'There is no pod "none"',
    );
    await expect(askSandbox(base, { verb: "pods" })).rejects.toThrow("SANDBOX_AWAY");
  });
});

describe("pillion sandbox", () => {
  /** What the verb prints, and its exit code. */
  async function verb(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const code = await sandboxVerb.run([...args], { out, err, signal: new AbortController().signal });
    return { code, out: String(out.read() ?? ""), err: String(err.read() ?? "") };
  }
  const end = ["--", "sh", "-c", "echo out; echo err >>/dev/stderr; exit 3"];

  test.each<{ name: string; args: () => readonly string[]; code: number; out: RegExp; err?: RegExp }>([
    {
      name: "pods",
      args: () => ["pods", "--run", run],
      code: 0,
      out: /^NAMESPACE +NAME +READY +STATUS +RESTARTS +IP\ndefault +curl-\S+ +1\/1 +Running/,
    },
    { name: "pods of a namespace", args: () => ["pods", "-n", "none", "--run", run], code: 0, out: /^NAMESPACE.*\n$/ },
    {
      name: "exec",
      args: () => ["exec", "deploy/curl", "--run", run, ...end],
      code: 1,
      out: /^out\n$/,
      err: /^err\n.*code 3\n$/,
    },
    { name: "nothing", args: () => [], code: 2, out: /^$/, err: /^Usage:/ },
  ])("prints $name", async ({ args, ...want }) => {
    const seen = await verb(...args());
    expect(seen.code).toBe(want.code);
    expect(seen.out).toMatch(want.out);
    expect(seen.err).toMatch(want.err ?? /^$/);
  });

  test("says how to start a sandbox where none runs", async () => {
    await expect(verb("pods", "--run", base)).rejects.toThrow("SANDBOX_AWAY");
  });
});
