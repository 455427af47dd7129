// Who hears whom, and when, if nobody said what is spoken or the server speaks first: docs/adr/0008-first-bytes.md.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Demo, startDemo } from "../../cli/demo/start.ts";
import { build } from "./pillion.ts";

/** What the sidecar waits by default, and how much longer a busy machine may take. */
const waitMs = 2_000;
const bandMs = 2_500;

const mesh = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Namespace
metadata: { name: plain }
${["shop", "plain"]
  .map(
    (namespace) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: caller, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: caller } }
  template:
    metadata: { labels: { app: caller } }
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: caller, image: pillion/shell }] }`,
  )
  .join("")}
${["open", "disabled"]
  .map(
    (name) => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} }, annotations: { sidecar.istio.io/statsInclusionPrefixes: listener } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: echo
          image: pillion/echo
          args: [--port, "8080", --port, "8082", --tcp, "9000", --server-first, "3306", --server-first, "3307", --server-first, "8081"]
        - name: network
          image: pillion/shell
          securityContext: { capabilities: { add: [NET_ADMIN, NET_RAW] } }
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { app: ${name} }
  ports: [{ name: http, port: 8080 }, { name: tcp-echo, port: 9000 }, { name: mysql, port: 3306 }, { name: http-late, port: 8082 }]
---
apiVersion: v1
kind: Service
metadata: { name: ${name}-pods, namespace: shop }
spec: { clusterIP: None, selector: { app: ${name} }, ports: [{ name: mysql, port: 3306 }, { name: tcp-shared, port: 8081 }] }`,
  )
  .join("")}
---
apiVersion: v1
kind: Service
metadata: { name: somebody-else, namespace: shop }
spec: { selector: { app: none }, ports: [{ name: http, port: 8081 }] }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: disabled, namespace: shop }
spec: { selector: { matchLabels: { app: disabled } }, mtls: { mode: DISABLE } }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: open, namespace: shop }
spec: { hosts: [open], http: [{ headers: { response: { add: { x-rule: seen } } }, route: [{ destination: { host: open } }] }] }
`;

const directory = mkdtempSync(join(tmpdir(), "first-bytes-"));
let demo: Demo;
beforeAll(async () => {
  build();
  writeFileSync(join(directory, "mesh.yaml"), mesh);
  demo = await startDemo({ directory, files: [], port: 0, say: () => undefined }, new AbortController().signal);
  await demo.sandbox.ready(AbortSignal.timeout(60_000));
});
afterAll(async () => {
  await demo?.stop();
  rmSync(directory, { recursive: true });
});

/** Connects, sends `say` after `lateMs`, and tells what came back first, and after how long. */
const caller = `
const [host, port, say, lateMs] = process.argv.slice(1);
const began = performance.now();
const socket = require("node:net").connect(Number(port), host);
const end = (heard) => { console.log(JSON.stringify({ heard, ms: performance.now() - began })); process.exit(); };
if (say) setTimeout(() => socket.write(say), Number(lateMs));
socket.on("data", (data) => end(data.toString())).on("close", () => end("closed")).on("error", (error) => end(error.code));
setTimeout(() => end("nothing"), 30_000);`;

async function call(
  from: "shop" | "plain",
  host: string,
  port: number,
  { say = "", lateMs = 0 } = {},
): Promise<{ readonly heard: string; readonly ms: number }> {
  const words = ["node", "-e", caller, host, String(port), say, String(lateMs)];
  const { stdout } = await demo.sandbox.exec(from, "deploy/caller", "", words, { timeoutMs: 60_000 });
  return JSON.parse(stdout) as { heard: string; ms: number }; // Written by the lines above.
}

const podAddress = (name: string): string =>
  demo.sandbox.pods().find((pod) => pod.name.startsWith(`${name}-`))?.ip ?? "";

describe("a server that speaks first is heard", () => {
  const atOnce = { after: 0, before: waitMs };
  const afterOneWait = { after: waitMs * 0.9, before: waitMs + bandMs };
  const service = (): string => "open.shop";
  const pod = (): string => podAddress("open");
  test.each([
    { name: "by a sidecar at once", from: "shop", host: service, port: 3306, want: atOnce },
    { name: "by a sidecar at once, headless", from: "shop", host: () => "open-pods.shop", port: 3306, want: atOnce },
    { name: "by a sidecar at once, at the pod's address", from: "shop", host: pod, port: 3306, want: atOnce },
    { name: "by a sidecar at once, without a Service", from: "shop", host: pod, port: 3307, want: atOnce },
    {
      name: "by a sidecar after one wait, headless and on a number where others speak HTTP",
      from: "shop",
      host: () => "open-pods.shop",
      port: 8081,
      want: afterOneWait,
    },
    { name: "by a plain caller after one wait", from: "plain", host: service, port: 3306, want: afterOneWait },
    {
      name: "by a plain caller after one wait, without a Service",
      from: "plain",
      host: pod,
      port: 3307,
      want: afterOneWait,
    },
    {
      name: "by a plain caller at once under DISABLE",
      from: "plain",
      host: () => "disabled.shop",
      port: 3306,
      want: atOnce,
    },
    { name: "by a sidecar at once under DISABLE", from: "shop", host: () => "disabled.shop", port: 3306, want: atOnce },
  ] as const)("$name", async ({ from, host, port, want }) => {
    const { heard, ms } = await call(from, host(), port);
    expect(heard).toBe("220 ready\n");
    expect(ms).toBeGreaterThan(want.after);
    expect(ms).toBeLessThan(want.before);
  });
});

describe("a client that takes its time", () => {
  const slow = { say: "GET / HTTP/1.1\r\nhost: open\r\nconnection: close\r\n\r\n", lateMs: 2 * waitMs };

  test("on a port declared as HTTP meets the rules for requests", async () => {
    expect((await call("shop", "open", 8080, slow)).heard).toMatch(/^HTTP\/1\.1 200[\s\S]*x-rule: seen/);
  });

  test("without a sidecar is read as HTTP where that is declared", async () => {
    expect((await call("plain", "open.shop", 8080, slow)).heard).toMatch(/^HTTP\/1\.1 200[\s\S]*server: istio-envoy/);
  });
});

describe("a handshake that comes later than the wait", () => {
  const network = (...words: readonly string[]) => demo.sandbox.exec("shop", "deploy/open", "network", words);
  /** The pod accepts connections, and loses what is sent on them. */
  const lossOf = (action: "-A" | "-D") =>
    network("iptables", action, "INPUT", "-p", "tcp", "--dport", "15006", "--tcp-flags", "PSH", "PSH", "-j", "DROP");
  const timeouts = async (): Promise<number> => {
    const words = ["curl", "-s", "http://127.0.0.1:15000/stats?filter=15006.downstream_pre_cx_timeout"];
    return Number((await network(...words)).stdout.split(": ")[1] ?? 0);
  };

  test.each([
    {
      name: "a request",
      port: 8082,
      say: "GET / HTTP/1.1\r\nhost: open\r\n\r\n",
      want: /^HTTP\/1\.1 200[\s\S]*spiffe:/,
    },
    { name: "bytes", port: 9000, say: "hello\n", want: /^v1 hello/ },
  ])("still brings $name over mutual TLS, on a connection that is tried again", async ({ port, say, want }) => {
    const before = await timeouts();
    expect((await lossOf("-A")).code).toBe(0);
    const answer = call("shop", "open", port, { say });
    try {
      await expect.poll(timeouts, { timeout: 20_000 }).toBeGreaterThan(before);
    } finally {
      await lossOf("-D");
    }
    expect((await answer).heard).toMatch(want);
  });
});
